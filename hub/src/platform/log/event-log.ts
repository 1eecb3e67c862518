import type { Envelope, RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Database, Tx } from "../postgres/database.ts";

/** An event on its way into the log. */
export interface NewEvent {
  readonly stream: string;
  readonly seq: number;
  readonly event: Envelope;
}

export interface ReadOptions {
  /** Only events after this position. */
  readonly after: number;
  readonly limit: number;
  readonly types?: readonly string[];
  readonly subject?: string;
  readonly correlationId?: string;
}

/**
 * The append-only log between all producers and consumers. Positions are 1, 2, 3, … without a gap and in commit order, because whoever appends
 * holds the head row's lock until its commit: a reader that follows positions can never skip an event that committed late.
 */
export interface EventLog {
  /** Stores what is not there yet ((stream, seq) tells) in one transaction; returns the head afterwards. */
  append(events: readonly NewEvent[]): Promise<number>;
  /** The same inside a transaction of the events database; the caller must call `announce` after its commit. */
  appendIn(tx: Tx, events: readonly NewEvent[]): Promise<number>;
  announce(): void;
  /** Oldest first. */
  read(options: ReadOptions): Promise<RecordedEnvelope[]>;
  /** Newest first, before a position. */
  readBack(
    options: Omit<ReadOptions, "after"> & { before: number | null },
  ): Promise<RecordedEnvelope[]>;
  head(): Promise<number>;
  /** Calls back when something may have been appended; a hint, so look regularly as well. */
  onAppended(listener: () => void): Disposable;
}

interface EventRow {
  position: number;
  id: string;
  stream: string;
  seq: number;
  type: string;
  version: number;
  subject: string;
  occurred_at: Date;
  recorded_at: Date;
  correlation_id: string;
  causation_id: string | null;
  data: Record<string, unknown>;
}

export function createEventLog(database: Database): EventLog {
  const listeners = new Set<() => void>();
  const announce = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    appendIn,
    announce,
    async append(events) {
      const head = await database.transaction((tx) => appendIn(tx, events));
      announce();
      return head;
    },
    async read({ after, limit, types, subject, correlationId }) {
      const rows = await database.query<EventRow>`
        select * from events where position > ${after}
          and (${types ? [...types] : null}::text[] is null or type = any(${types ? [...types] : null}::text[]))
          and (${subject ?? null}::text is null or subject = ${subject ?? null})
          and (${correlationId ?? null}::uuid is null or correlation_id = ${correlationId ?? null})
        order by position limit ${limit}`;
      return rows.map(toEvent);
    },
    async readBack({ before, limit, types, subject, correlationId }) {
      const rows = await database.query<EventRow>`
        select * from events where (${before}::bigint is null or position < ${before})
          and (${types ? [...types] : null}::text[] is null or type = any(${types ? [...types] : null}::text[]))
          and (${subject ?? null}::text is null or subject = ${subject ?? null})
          and (${correlationId ?? null}::uuid is null or correlation_id = ${correlationId ?? null})
        order by position desc limit ${limit}`;
      return rows.map(toEvent);
    },
    async head() {
      const [row] = await database.query<{ position: number }>`select position from log_head`;
      return row?.position ?? 0;
    },
    onAppended(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
  };
}

async function appendIn(tx: Tx, events: readonly NewEvent[]): Promise<number> {
  const [head] = await tx<{ position: number }>`select position from log_head for update`;
  const position = head?.position ?? 0;
  if (events.length === 0) return position;
  const rows = events.map(({ stream, seq, event }, place) => ({ ...event, stream, seq, place }));
  // Numbered only after what is there already was left out, so that a resend uses up no position.
  const [appended] = await tx<{ count: number }>`
    with incoming as (
      select * from jsonb_to_recordset(${tx.json(rows)}) as r(
        stream text, seq bigint, id uuid, type text, version int, subject text, "occurredAt" timestamptz,
        "correlationId" uuid, "causationId" uuid, data jsonb, place int)
    ), fresh as (
      select distinct on (stream, seq) * from incoming i
      where not exists (select 1 from events e where e.stream = i.stream and e.seq = i.seq)
      order by stream, seq, place
    ), stored as (
      insert into events (position, id, stream, seq, type, version, subject, occurred_at, correlation_id, causation_id, data)
      select ${position} + row_number() over (order by place), id, stream, seq, type, version, subject, "occurredAt",
        "correlationId", "causationId", data
      from fresh returning 1
    ) select count(*) as count from stored`;
  const next = position + (appended?.count ?? 0);
  await tx`update log_head set position = ${next}`;
  return next;
}

const toEvent = (row: EventRow): RecordedEnvelope => ({
  position: row.position,
  stream: row.stream,
  seq: row.seq,
  id: row.id,
  type: row.type,
  version: row.version,
  subject: row.subject,
  occurredAt: row.occurred_at.toISOString(),
  recordedAt: row.recorded_at.toISOString(),
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  data: row.data,
});
