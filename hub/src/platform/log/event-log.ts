import type { Envelope, RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Id } from "@cloudphone/shared/ids";
import type { Database, Tx } from "../postgres/database.ts";
import { readLog } from "./read-log.ts";
import { type Appended, RecentEvents } from "./recent.ts";
import { sharedAnswer } from "./shared-answer.ts";

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
  /** The same for at least one, whose author's row the caller has locked, and knows by it that all are new: nothing is looked for that may be there already. */
  appendNewIn(tx: Tx, events: readonly NewEvent[]): Promise<Appended>;
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
  /** As it was a moment ago: for the many who look regularly in case a hint was lost. */
  recentHead(): Promise<number>;
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
  const reading = readLog(database, archiveDir);
  return {
    ...announcer,
    ...reading,
    recentHead: sharedAnswer(regularLookMs, reading.head),
    appendIn,
    appendNewIn,
    async append(events) {
      const appended = await database.transaction((tx) => appendIn(tx, events));
      announcer.announce(appended);
      return appended.to;
    },
    recent: (after, limit, types) => recent.after(after, limit, types),
  };
}

/** What is looked at regularly may be so old. */
export const regularLookMs = 400;

/** An append larger than this is not remembered: readers take it from the database in batches. */
const toldEvents = 2000;

interface StoredRow {
  before: number;
  count: number;
  recorded_at: Date;
  /** Null but for appends of which something was there already. */
  stream: string | null;
  seq: number | null;
}

/** As text, of which the server makes `jsonb` only where the table has it: a tenth less of its time than all of it made so first. */
const rowsOf = (events: readonly NewEvent[]): string =>
  JSON.stringify(
    events.map(({ stream, seq, event }, index) => ({ ...event, stream, seq, place: index + 1 })),
  );

/** Sent together with the statement that appends, which then sees what the one before it has committed: everybody who appends waits for it meanwhile. */
const lockHead = (tx: Tx) => tx<{ position: number }>`select position from log_head for update`;

async function appendNewIn(tx: Tx, events: readonly NewEvent[]): Promise<Appended> {
  const [, [done]] = await Promise.all([
    lockHead(tx),
    tx<{ before: number; recorded_at: Date }>`
      with now as materialized (
        select position as before, clock_timestamp() as recorded_at from log_head
      ), stored as (
        insert into events (position, id, stream, seq, type, version, subject, occurred_at, recorded_at, correlation_id, causation_id, data)
        select now.before + place, id, stream, seq, type, version, subject, "occurredAt", now.recorded_at, "correlationId", "causationId", data
        from now, json_to_recordset(${rowsOf(events)}::text::json) as r(
          stream text, seq bigint, id uuid, type text, version int, subject text, "occurredAt" timestamptz,
          "correlationId" uuid, "causationId" uuid, data jsonb, place int)
      ), moved as (
        update log_head set position = position + ${events.length}
      ) select before, recorded_at from now`,
  ]);
  if (!done) throw new Error("the log has no head");
  return appendedOf(events, { ...done, count: events.length });
}

async function appendIn(tx: Tx, events: readonly NewEvent[]): Promise<Appended> {
  const given = withoutDoubles(events);
  if (given.length === 0) {
    const [{ position } = { position: 0 }] = await lockHead(tx);
    return { before: position, to: position, events: [] };
  }
  const [, stored] = await Promise.all([lockHead(tx), insertMissing(tx, given)]);
  const [done] = stored;
  if (!done) throw new Error("the log has no head");
  return appendedOf(done.count === given.length ? given : among(given, stored), done);
}

/**
 * Numbered only after what is there already was left out, so that a resend uses up no position. The usual case, that all is new, needs no
 * more than their count back: places then are positions.
 */
const insertMissing = (tx: Tx, events: readonly NewEvent[]) =>
  tx<StoredRow>`
    with incoming as (
      select * from json_to_recordset(${rowsOf(events)}::text::json) as r(
        stream text, seq bigint, id uuid, type text, version int, subject text, "occurredAt" timestamptz,
        "correlationId" uuid, "causationId" uuid, data jsonb, place int)
    ), now as materialized (
      select position as before, clock_timestamp() as at from log_head
    ), stored as (
      insert into events (position, id, stream, seq, type, version, subject, occurred_at, recorded_at, correlation_id, causation_id, data)
      select now.before + row_number() over (order by place), id, stream, seq, type, version, subject, "occurredAt", now.at,
        "correlationId", "causationId", data
      from incoming i, now where not exists (select 1 from events e where e.stream = i.stream and e.seq = i.seq)
        and not exists (select 1 from archived_streams a where a.stream = i.stream and i.seq <= a.last_seq)
      returning stream, seq
    ), moved as (
      update log_head set position = position + (select count(*) from stored) returning position
    ) select now.before, moved.position - now.before as count, now.at as recorded_at, stored.stream, stored.seq
      from moved cross join now left join stored on moved.position - now.before < ${events.length}`;

function appendedOf(
  events: readonly NewEvent[],
  { before, count, recorded_at }: { before: number; count: number; recorded_at: Date },
): Appended {
  const to = before + count;
  if (count > toldEvents) return { before, to, events: null };
  const place = { before, recordedAt: recorded_at.toISOString() };
  return { before, to, events: events.map((one, index) => recordedOf(one, index, place)) };
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
