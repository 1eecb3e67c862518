import type { Id } from "@cloudphone/shared/ids";
import { Fault } from "@cloudphone/shared/fault";
import type { Timer } from "../../platform/context.ts";
import { type AllowedNetworks, outsideAddress } from "../../platform/http/outside-address.ts";
import { postOutside } from "../../platform/http/post-outside.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { signedHeaders } from "./signature.ts";

const timeoutMs = 10_000;
/** Longer than a send can take, so that a message is not sent by two hubs at once. */
const claimMs = 60_000;
const atOnce = 20;

const minuteMs = 60_000;
/** Between attempts; after the last one a message has failed. A day in all. */
const pausesMs = [
  5000,
  30_000,
  2 * minuteMs,
  10 * minuteMs,
  30 * minuteMs,
  120 * minuteMs,
  360 * minuteMs,
  900 * minuteMs,
];

/** Until the next attempt after so many; null: it was the last. ± 20 %. Pure; `random` is in [0, 1). */
export function nextAttemptMs(attempts: number, random: number): number | null {
  const pauseMs = pausesMs[attempts - 1];
  return pauseMs === undefined ? null : Math.round(pauseMs * (0.8 + random * 0.4));
}

interface Due {
  id: Id;
  webhook_id: Id;
  body: string;
  attempts: number;
  url: string;
  secret: string;
}

interface Attempt {
  readonly status: number | null;
  readonly error: string | null;
  readonly durationMs: number;
}

export interface DeliveryDeps {
  readonly database: Database;
  readonly allowed: AllowedNetworks;
  readonly now: () => number;
}

/**
 * Sends what waits to be sent: at least once each, with the same id every time, one message of an address at a time. Which attempts there were and what came of
 * them is kept. A hub that dies while it sends loses nothing: its claim runs out.
 */
export const webhookDelivery = (deps: DeliveryDeps): Timer => ({
  name: "core.webhooks.deliver",
  everyMs: 1000,
  async run() {
    for (let due = await claim(deps.database); due.length > 0; due = await claim(deps.database))
      await Promise.all(due.map((one) => deliver(deps, one)));
  },
});

/** The oldest message that is due of each of some webhooks, this hub's to send for a minute. */
async function claim(database: Database): Promise<Due[]> {
  return database.query<Due>`
    with heads as (
      select distinct on (webhook_id) id, next_attempt_at from webhook_deliveries
      where state = 'pending' and next_attempt_at <= clock_timestamp() order by webhook_id, created_at, id
    ), mine as (
      select d.id from webhook_deliveries d join heads on heads.id = d.id
      where d.state = 'pending' and d.next_attempt_at = heads.next_attempt_at
      order by d.next_attempt_at limit ${atOnce} for update of d skip locked
    )
    update webhook_deliveries d set next_attempt_at = clock_timestamp() + ${claimMs} * interval '1 millisecond'
    from mine, webhooks w where d.id = mine.id and w.id = d.webhook_id
    returning d.id, d.webhook_id, d.body, d.attempts, w.url, w.secret`;
}

async function deliver(deps: DeliveryDeps, due: Due): Promise<void> {
  const begunMs = performance.now();
  const sent = await send(deps, due);
  const durationMs = Math.round(performance.now() - begunMs);
  await note(deps.database, due, { ...sent, durationMs });
}

async function send(
  { allowed, now }: DeliveryDeps,
  { id, body, url, secret }: Due,
): Promise<Omit<Attempt, "durationMs">> {
  try {
    // Each time anew: a name may mean another address by now.
    const address = await outsideAddress(url, { allowed });
    const headers = signedHeaders({ id, body }, { secret, nowMs: now() });
    return { status: await postOutside(address, { headers, body, timeoutMs }), error: null };
  } catch (error) {
    const told = error instanceof Fault || error instanceof Error ? error.message : String(error);
    return { status: null, error: told.slice(0, 300) };
  }
}

async function note(database: Database, due: Due, attempt: Attempt): Promise<void> {
  const { status, error, durationMs } = attempt;
  const delivered = status !== null && status >= 200 && status < 300;
  const attempts = due.attempts + 1;
  const pauseMs = delivered ? null : nextAttemptMs(attempts, Math.random());
  const state = delivered ? "delivered" : pauseMs === null ? "failed" : "pending";
  await database.transaction(async (tx) => {
    const noted = await tx`
      update webhook_deliveries set state = ${state}, attempts = ${attempts},
        next_attempt_at = clock_timestamp() + ${pauseMs}::bigint * interval '1 millisecond',
        ended_at = case when ${state === "pending"} then null else clock_timestamp() end
      where id = ${due.id} and attempts = ${due.attempts} and state = 'pending' returning id`;
    if (noted.count === 0) return;
    await tx`insert into webhook_attempts (delivery_id, attempt, status, error, duration_ms)
      values (${due.id}, ${attempts}, ${status}, ${error}, ${durationMs})`;
    // "Gone": whoever answers so does not want to be asked again.
    if (status === 410)
      await tx`update webhooks set paused_reason = 'It answered 410 Gone.' where id = ${due.webhook_id}`;
  });
}
