import type { Envelope, RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Id } from "@cloudphone/shared/ids";
import type { Database, Tx } from "../postgres/database.ts";
import { readLog } from "./read-log.ts";
import { type Appended, RecentEvents } from "./recent.ts";

/** An event on its way into the log. */
export interface NewEvent {
  readonly stream: string;
  readonly seq: number;
  readonly event: Envelope;
}

export interface EventFilter {
  readonly types?: readonly string[];
  readonly subject?: string;
  readonly correlationId?: string;
}

export interface ReadOptions extends EventFilter {
  /** Only events after this position. */
  readonly after: number;
  readonly limit: number;
}

export interface LogPage {
  readonly events: readonly RecordedEnvelope[];
  /** The position up to which nothing else matches. */
  readonly to: number;
  /** False: that was the log's end. */
  readonly more: boolean;
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
  /**
   * Oldest first; of archived events from their files, where a page may end before its limit. Rejects with `unavailable`, and words, when a file is needed
   * that is not there or not what it was.
   */
  page(options: ReadOptions): Promise<LogPage>;
  /** Pages, until the limit or the log's end. */
  read(options: ReadOptions): Promise<RecordedEnvelope[]>;
  /** Without the database: what this process appended after a position; null when that is not known here (recent.ts). */
  recent(
    after: number,
    limit: number,
    types?: ReadonlySet<string> | null,
  ): { events: RecordedEnvelope[]; to: number } | null;
  /** Newest first, before a position, to the horizon. */
  readBack(options: ReadBackOptions): Promise<RecordedEnvelope[]>;
  /** The same of archived events. `before` is where to go on, since one call looks at so many; null: there are no earlier ones. */
  readArchivedBack(
    options: ReadBackOptions,
  ): Promise<{ events: RecordedEnvelope[]; before: number | null }>;
  /** The event with that id, unless it is archived. */
  find(id: Id): Promise<RecordedEnvelope | null>;
  /** All of several correlations that are not archived, oldest first. */
  correlated(correlationIds: readonly Id[], limit: number): Promise<RecordedEnvelope[]>;
  head(): Promise<number>;
  /** The position up to which events are archived; 0: none. */
  horizon(): Promise<number>;
  /** Calls back when something may have been appended; a hint, so look regularly as well. */
  onAppended(listener: () => void): Disposable;
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

/** The log in its database and, what has left that, in a folder of files. */
export function createEventLog(database: Database, archiveDir: string | null = null): EventLog {
  const recent = new RecentEvents();
  const announcer = createAnnouncer(recent);
  return {
    ...announcer,
    ...readLog(database, archiveDir),
    appendIn,
    async append(events) {
      const appended = await database.transaction((tx) => appendIn(tx, events));
      announcer.announce(appended);
      return appended.to;
    },
    recent: (after, limit, types) => recent.after(after, limit, types),
  };
}

/** An append larger than this is not remembered: readers take it from the database in batches. */
const toldEvents = 2000;

interface StoredRow {
  count: number;
  recorded_at: Date;
  /** Null but for appends of which something was there already. */
  stream: string | null;
  seq: number | null;
}

async function appendIn(tx: Tx, events: readonly NewEvent[]): Promise<Appended> {
  const [head] = await tx<{ position: number }>`select position from log_head for update`;
  const before = head?.position ?? 0;
  const given = withoutDoubles(events);
  if (given.length === 0) return { before, to: before, events: [] };
  const rows = given.map(({ stream, seq, event }, place) => ({ ...event, stream, seq, place }));
  // Numbered only after what is there already was left out, so that a resend uses up no position. The usual case, that all is new, needs no
  // more than their count back: places then are positions.
  const stored = await tx<StoredRow>`
    with incoming as (
      select * from jsonb_to_recordset(${tx.json(rows)}) as r(
        stream text, seq bigint, id uuid, type text, version int, subject text, "occurredAt" timestamptz,
        "correlationId" uuid, "causationId" uuid, data jsonb, place int)
    ), now as materialized (
      select clock_timestamp() as at
    ), stored as (
      insert into events (position, id, stream, seq, type, version, subject, occurred_at, recorded_at, correlation_id, causation_id, data)
      select ${before} + row_number() over (order by place), id, stream, seq, type, version, subject, "occurredAt", now.at,
        "correlationId", "causationId", data
      from incoming i, now where not exists (select 1 from events e where e.stream = i.stream and e.seq = i.seq)
        and not exists (select 1 from archived_streams a where a.stream = i.stream and i.seq <= a.last_seq)
      returning stream, seq
    ), moved as (
      update log_head set position = ${before} + (select count(*) from stored) returning position
    ) select moved.position - ${before} as count, now.at as recorded_at, stored.stream, stored.seq
      from moved cross join now left join stored on moved.position - ${before} < ${given.length}`;
  const [{ count, recorded_at } = { count: 0, recorded_at: new Date(0) }] = stored;
  const to = before + count;
  if (count > toldEvents) return { before, to, events: null };
  const fresh = count === given.length ? given : among(given, stored);
  const place = { before, recordedAt: recorded_at.toISOString() };
  return { before, to, events: fresh.map((one, index) => recordedOf(one, index, place)) };
}

const keyOf = ({ stream, seq }: { stream: string | null; seq: number | null }): string =>
  `${seq} ${stream}`;

/** Of two with one number the first counts. */
function withoutDoubles(events: readonly NewEvent[]): readonly NewEvent[] {
  const byKey = new Map<string, NewEvent>();
  for (const one of events) if (!byKey.has(keyOf(one))) byKey.set(keyOf(one), one);
  return byKey.size === events.length ? events : [...byKey.values()];
}

function among(events: readonly NewEvent[], stored: readonly StoredRow[]): NewEvent[] {
  const keys = new Set(stored.map(keyOf));
  return events.filter((one) => keys.has(keyOf(one)));
}

/** As it would be read: what is appended was JSON before, so only times and UUIDs may have another form in the database. */
const recordedOf = (
  { stream, seq, event }: NewEvent,
  index: number,
  { before, recordedAt }: { before: number; recordedAt: string },
): RecordedEnvelope => ({
  ...event,
  id: event.id.toLowerCase(),
  correlationId: event.correlationId.toLowerCase(),
  causationId: event.causationId?.toLowerCase() ?? null,
  occurredAt: new Date(event.occurredAt).toISOString(),
  position: before + index + 1,
  stream,
  seq,
  recordedAt,
});
