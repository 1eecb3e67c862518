import type { Envelope, RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Id } from "@cloudphone/shared/ids";
import type { Database, Tx } from "../postgres/database.ts";
import { type Appended, RecentEvents } from "./recent.ts";

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

export interface ReadBackOptions extends Omit<ReadOptions, "after"> {
  readonly before: number | null;
  /** ISO 8601, by when the log took it: from the first instant on, before the second. */
  readonly since?: string;
  readonly until?: string;
}

/**
 * The append-only log between all producers and consumers. Positions are 1, 2, 3, … without a gap and in commit order, because whoever appends
 * holds the head row's lock until its commit: a reader that follows positions can never skip an event that committed late.
 */
export interface EventLog {
  /** Stores what is not there yet ((stream, seq) tells) in one transaction; returns the head afterwards. */
  append(events: readonly NewEvent[]): Promise<number>;
  /** The same inside a transaction of the events database; the caller must call `announce` with what it returns after its commit. */
  appendIn(tx: Tx, events: readonly NewEvent[]): Promise<Appended>;
  announce(appended: Appended): void;
  /** What another hub has appended. */
  hear(appended: Appended): void;
  /** Calls back with what this process has appended: for the other hubs. */
  onAnnounced(listener: (appended: Appended) => void): Disposable;
  /** Oldest first. */
  read(options: ReadOptions): Promise<RecordedEnvelope[]>;
  /** Without the database: what this process appended after a position; null when that is not known here (recent.ts). */
  recent(after: number, limit: number): { events: RecordedEnvelope[]; to: number } | null;
  /** Newest first, before a position. */
  readBack(options: ReadBackOptions): Promise<RecordedEnvelope[]>;
  /** The event with that id. */
  find(id: Id): Promise<RecordedEnvelope | null>;
  /** All of several correlations, oldest first. */
  correlated(correlationIds: readonly Id[], limit: number): Promise<RecordedEnvelope[]>;
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

/** How long an append waits in memory for the one before it. */
const gapMs = 20;

/** Who is told of what comes into the log. */
function createAnnouncer(recent: RecentEvents) {
  const listeners = new Set<() => void>();
  const announced = new Set<(appended: Appended) => void>();
  const wake = (): void => {
    for (const listener of listeners) listener();
  };
  let gap: NodeJS.Timeout | null = null;
  const hear = (appended: Appended): void => {
    if (recent.add(appended)) return wake();
    // Its predecessor is on its way, or was never told: readers then find it in the database.
    gap ??= setTimeout(() => {
      gap = null;
      recent.closeGap();
      wake();
    }, gapMs).unref();
  };
  return {
    hear,
    announce(appended: Appended): void {
      hear(appended);
      for (const listener of announced) listener(appended);
    },
    onAppended: (listener: () => void) => subscribe(listeners, listener),
    onAnnounced: (listener: (appended: Appended) => void) => subscribe(announced, listener),
  };
}

function subscribe<L>(listeners: Set<L>, listener: L): Disposable {
  listeners.add(listener);
  return { [Symbol.dispose]: () => listeners.delete(listener) };
}

export function createEventLog(database: Database): EventLog {
  const recent = new RecentEvents();
  const announcer = createAnnouncer(recent);
  return {
    ...announcer,
    appendIn,
    async append(events) {
      const appended = await database.transaction((tx) => appendIn(tx, events));
      announcer.announce(appended);
      return appended.to;
    },
    recent: (after, limit) => recent.after(after, limit),
    async read({ after, limit, types, subject, correlationId }) {
      const rows = await database.query<EventRow>`
        select * from events where position > ${after}
          and (${types ? [...types] : null}::text[] is null or type = any(${types ? [...types] : null}::text[]))
          and (${subject ?? null}::text is null or subject = ${subject ?? null})
          and (${correlationId ?? null}::uuid is null or correlation_id = ${correlationId ?? null})
        order by position limit ${limit}`;
      return rows.map(toEvent);
    },
    async readBack({ before, limit, types, subject, correlationId, since, until }) {
      const rows = await database.query<EventRow>`
        select * from events where (${before}::bigint is null or position < ${before})
          and (${types ? [...types] : null}::text[] is null or type = any(${types ? [...types] : null}::text[]))
          and (${subject ?? null}::text is null or subject = ${subject ?? null})
          and (${correlationId ?? null}::uuid is null or correlation_id = ${correlationId ?? null})
          and (${since ?? null}::timestamptz is null or recorded_at >= ${since ?? null}::timestamptz)
          and (${until ?? null}::timestamptz is null or recorded_at < ${until ?? null}::timestamptz)
        order by position desc limit ${limit}`;
      return rows.map(toEvent);
    },
    async find(id) {
      const [row] = await database.query<EventRow>`select * from events where id = ${id} limit 1`;
      return row ? toEvent(row) : null;
    },
    async correlated(correlationIds, limit) {
      const rows = await database.query<EventRow>`
        select * from events where correlation_id = any(${correlationIds}::uuid[]) order by position limit ${limit}`;
      return rows.map(toEvent);
    },
    async head() {
      const [row] = await database.query<{ position: number }>`select position from log_head`;
      return row?.position ?? 0;
    },
  };
}

/** An append larger than this is left to be read from the database: readers there take it in batches, and its rows need not come back. */
const toldEvents = 200;

interface StoredRow {
  count: number;
  position: number | null;
  stream: string;
  seq: number;
  recorded_at: Date;
}

async function appendIn(tx: Tx, events: readonly NewEvent[]): Promise<Appended> {
  const [head] = await tx<{ position: number }>`select position from log_head for update`;
  const before = head?.position ?? 0;
  if (events.length === 0) return { before, to: before, events: [] };
  const rows = events.map(({ stream, seq, event }, place) => ({ ...event, stream, seq, place }));
  const told = events.length <= toldEvents;
  // Numbered only after what is there already was left out, so that a resend uses up no position. One row comes back in any case, for the count.
  const stored = await tx<StoredRow>`
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
      select ${before} + row_number() over (order by place), id, stream, seq, type, version, subject, "occurredAt",
        "correlationId", "causationId", data
      from fresh returning position, stream, seq, recorded_at
    ), moved as (
      update log_head set position = ${before} + (select count(*) from stored) returning position
    ) select moved.position - ${before} as count, stored.position, stored.stream, stored.seq, stored.recorded_at
      from moved left join stored on ${told} order by stored.position`;
  const to = before + (stored[0]?.count ?? 0);
  return { before, to, events: told ? recordedOf(events, stored) : null };
}

/** As they would be read: what is appended was JSON before, so only times and UUIDs may have another form in the database. */
function recordedOf(events: readonly NewEvent[], stored: readonly StoredRow[]): RecordedEnvelope[] {
  const key = (stream: string, seq: number): string => `${seq} ${stream}`;
  // The first of two with one number is the one that was stored.
  const byKey = new Map(events.toReversed().map((one) => [key(one.stream, one.seq), one.event]));
  return stored.flatMap(({ position, stream, seq, recorded_at }) => {
    const event = position === null ? undefined : byKey.get(key(stream, seq));
    if (!event || position === null) return [];
    return [
      {
        ...event,
        id: event.id.toLowerCase(),
        correlationId: event.correlationId.toLowerCase(),
        causationId: event.causationId?.toLowerCase() ?? null,
        occurredAt: new Date(event.occurredAt).toISOString(),
        position,
        stream,
        seq,
        recordedAt: recorded_at.toISOString(),
      },
    ];
  });
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
