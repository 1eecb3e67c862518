import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Database, Tx } from "../postgres/database.ts";
import { emit } from "./outbox.ts";
import type { ParkedPlace, ParkedState } from "./parked.ts";

/** Whoever does something about a dead letter; kept with what was done. */
export interface Operator {
  readonly userId: Id;
  readonly email: string;
}

export interface DeadLetterAction {
  readonly consumer: string;
  readonly position: number;
  readonly subject: string;
  readonly type: string;
  readonly action: "replayed" | "discarded";
  readonly reason: string | null;
  /** What the event had failed with. */
  readonly error: string | null;
  readonly by: string;
  readonly at: string;
}

/**
 * Says that a consumer has given an event up. Not of one that says just that: whoever tells operators of dead letters may be what fails.
 */
export async function sayDead(
  tx: Tx,
  { consumer, event, error }: { consumer: string; event: RecordedEnvelope; error: string },
  source: Source,
): Promise<void> {
  if (event.type === "deadletter.added") return;
  const { position, type } = event;
  const cause = { correlationId: event.correlationId, causationId: event.id };
  const data = { consumer, position, type, error };
  await emit(tx, [{ type: "deadletter.added", subject: consumer, data }], { cause, source });
}

interface Taken {
  subject: string;
  type: string;
  error: string | null;
}

/** Has a parked event tried again at once, its attempts counted anew; false when there is none such. */
export function replayParked(
  database: Database,
  place: ParkedPlace,
  by: Operator,
): Promise<boolean> {
  const { consumer, position } = place;
  return database.transaction(async (tx) => {
    const [row] = await tx<Taken>`
      update parked_events set state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
      where consumer = ${consumer} and position = ${position} returning subject, type, error`;
    if (!row) return false;
    await note(tx, { ...place, ...row, action: "replayed", reason: null }, by);
    return true;
  });
}

/**
 * Gives a dead letter up for good: its consumer never handles that event, and what waited behind it goes on. Only one that is dead: an event
 * that is still being tried may be at work at this moment. Otherwise the state it is in, or null when there is none such.
 */
export function discardParked(
  database: Database,
  place: ParkedPlace & { readonly reason: string },
  by: Operator,
): Promise<"discarded" | ParkedState | null> {
  const { consumer, position, reason } = place;
  return database.transaction(async (tx) => {
    const [row] = await tx<Taken & { state: ParkedState }>`
      select subject, type, error, state from parked_events
      where consumer = ${consumer} and position = ${position} for update`;
    if (!row) return null;
    if (row.state !== "dead") return row.state;
    await tx`delete from parked_events where consumer = ${consumer} and position = ${position}`;
    await note(tx, { ...place, ...row, action: "discarded", reason }, by);
    return "discarded";
  });
}

type Noted = ParkedPlace & Taken & Pick<DeadLetterAction, "action" | "reason">;

async function note(tx: Tx, noted: Noted, by: Operator): Promise<void> {
  const { consumer, position, subject, type, action, reason, error } = noted;
  await tx`
    insert into dead_letter_actions (consumer, position, subject, type, action, reason, error, by_user, by_email)
    values (${consumer}, ${position}, ${subject}, ${type}, ${action}, ${reason}, ${error}, ${by.userId}, ${by.email})`;
}

/** What was done about dead letters, or about one of them; newest first. */
export async function listActions(
  database: Database,
  { place, limit }: { place: ParkedPlace | null; limit: number },
): Promise<DeadLetterAction[]> {
  const rows = await database.query<Omit<DeadLetterAction, "by" | "at"> & { by: string; at: Date }>`
    select consumer, position, subject, type, action, reason, error, by_email as by, at from dead_letter_actions
    where ${place?.consumer ?? null}::text is null or (consumer = ${place?.consumer ?? null} and position = ${place?.position ?? 0})
    order by id desc limit ${limit}`;
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
