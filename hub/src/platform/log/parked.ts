import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Database, Tx } from "../postgres/database.ts";

/**
 * The rows of events that a consumer could not handle. `retrying`: tried again by itself; `waiting`: written by a newer release, tried at the next
 * start; `dead`: given up, an operator replays it. Only the first row of a subject is ever tried, the others wait behind it.
 */
export type ParkedState = "retrying" | "waiting" | "dead";

export interface Parked {
  readonly consumer: string;
  readonly position: number;
  readonly subject: string;
  readonly type: string;
  readonly state: ParkedState;
  readonly attempts: number;
  readonly error: string | null;
  readonly parkedAt: string;
}

export const maxAttempts = 8;

/** 0.2 s, 0.4 s, … at most a minute, each ± 25 %. Pure; `random` is in [0, 1). */
export const retryDelayMs = (attempts: number, random: number): number =>
  Math.round(Math.min(200 * 2 ** attempts, 60_000) * (0.75 + random / 2));

export interface NewParked {
  readonly state: ParkedState;
  readonly error: string | null;
  readonly delayMs: number;
}

export async function park(
  tx: Tx,
  place: { consumer: string; event: RecordedEnvelope; subject: string },
  row: NewParked,
): Promise<void> {
  const { consumer, event, subject } = place;
  await tx`
    insert into parked_events (consumer, position, subject, type, state, attempts, error, next_attempt_at)
    values (${consumer}, ${event.position}, ${subject}, ${event.type}, ${row.state},
      ${row.error === null ? 0 : 1}, ${row.error}, clock_timestamp() + ${row.delayMs} * interval '1 millisecond')
    on conflict (consumer, position) do nothing`;
}

export interface DueRow {
  readonly position: number;
  readonly attempts: number;
  readonly subject: string;
}

/** The first row of each subject whose time has come. */
export async function dueRows(
  database: Database,
  consumer: string,
  limit: number,
): Promise<DueRow[]> {
  return database.query<DueRow>`
    select position, attempts, subject from (
      select distinct on (subject) position, attempts, subject, state, next_attempt_at
      from parked_events where consumer = ${consumer} order by subject, position
    ) heads where state = 'retrying' and next_attempt_at <= clock_timestamp() order by position limit ${limit}`;
}

/** The consumers some of whose rows' time has come. */
export async function consumersWithDue(database: Database): Promise<Set<string>> {
  const rows = await database.query<{ consumer: string }>`
    select distinct consumer from parked_events where state = 'retrying' and next_attempt_at <= clock_timestamp()`;
  return new Set(rows.map(({ consumer }) => consumer));
}

/** At a start: what waited for a newer release is looked at again. */
export async function wakeWaiting(database: Database, consumer: string): Promise<void> {
  await database.query`update parked_events set state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
    where consumer = ${consumer} and state = 'waiting'`;
}

interface ParkedRow {
  consumer: string;
  position: number;
  subject: string;
  type: string;
  state: ParkedState;
  attempts: number;
  error: string | null;
  parked_at: Date;
}

const toParked = ({ consumer, position, subject, type, state, ...row }: ParkedRow): Parked => ({
  consumer,
  position,
  subject,
  type,
  state,
  attempts: row.attempts,
  error: row.error,
  parkedAt: row.parked_at.toISOString(),
});

/** Newest first. */
export async function listParked(
  database: Database,
  limit: number,
  consumer: string | null = null,
): Promise<Parked[]> {
  const rows = await database.query<ParkedRow>`
    select * from parked_events where ${consumer}::text is null or consumer = ${consumer}
    order by parked_at desc, position desc limit ${limit}`;
  return rows.map(toParked);
}

export interface ParkedPlace {
  readonly consumer: string;
  readonly position: number;
}

/** One of them, and how many of its subject wait behind it; null when there is none such. */
export async function showParked(
  database: Database,
  { consumer, position }: ParkedPlace,
): Promise<(Parked & { waitingBehind: number }) | null> {
  const [row] = await database.query<ParkedRow & { behind: number }>`
    select p.*, (select count(*) from parked_events b
      where b.consumer = p.consumer and b.subject = p.subject and b.position > p.position) as behind
    from parked_events p where consumer = ${consumer} and position = ${position}`;
  return row ? { ...toParked(row), waitingBehind: row.behind } : null;
}

export interface ParkedCount {
  readonly consumer: string;
  readonly parked: number;
  /** Of them, those that were given up. */
  readonly dead: number;
}

export const countParked = (database: Database): Promise<ParkedCount[]> =>
  database.query<ParkedCount>`
    select consumer, count(*) as parked, count(*) filter (where state = 'dead') as dead from parked_events group by consumer`;
