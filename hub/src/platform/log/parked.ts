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
  place: { consumer: string; event: RecordedEnvelope },
  row: NewParked,
): Promise<void> {
  const { consumer, event } = place;
  await tx`
    insert into parked_events (consumer, position, subject, type, state, attempts, error, next_attempt_at)
    values (${consumer}, ${event.position}, ${event.subject}, ${event.type}, ${row.state},
      ${row.error === null ? 0 : 1}, ${row.error}, clock_timestamp() + ${row.delayMs} * interval '1 millisecond')
    on conflict (consumer, position) do nothing`;
}

/** The first row of each subject whose time has come. */
export async function dueRows(
  database: Database,
  consumer: string,
  limit: number,
): Promise<{ position: number; attempts: number }[]> {
  return database.query<{ position: number; attempts: number }>`
    select position, attempts from (
      select distinct on (subject) position, attempts, state, next_attempt_at
      from parked_events where consumer = ${consumer} order by subject, position
    ) heads where state = 'retrying' and next_attempt_at <= clock_timestamp() order by position limit ${limit}`;
}

/** At a start: what waited for a newer release is looked at again. */
export async function wakeWaiting(database: Database, consumer: string): Promise<void> {
  await database.query`update parked_events set state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
    where consumer = ${consumer} and state = 'waiting'`;
}

export async function listParked(database: Database, limit: number): Promise<Parked[]> {
  const rows = await database.query<{
    consumer: string;
    position: number;
    subject: string;
    type: string;
    state: ParkedState;
    attempts: number;
    error: string | null;
    parked_at: Date;
  }>`select * from parked_events order by parked_at desc limit ${limit}`;
  return rows.map(({ parked_at, ...row }) => ({ ...row, parkedAt: parked_at.toISOString() }));
}

/** An operator wants a dead letter tried again; false when there is none such. */
export async function replayParked(
  database: Database,
  consumer: string,
  position: number,
): Promise<boolean> {
  const rows = await database.query`
    update parked_events set state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
    where consumer = ${consumer} and position = ${position} returning position`;
  return rows.count > 0;
}
