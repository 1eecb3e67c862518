import { setTimeout as delay } from "node:timers/promises";
import type { Envelope } from "@cloudphone/shared/envelope";
import { type EventDraft, newestVersion } from "@cloudphone/shared/events/catalog";
import { pino } from "pino";
import type { Database, Tx } from "./postgres/database.ts";
import { systemSource } from "./source.ts";

export const silent = pino({ level: "silent" });

/** A fact that needs nothing else to be true. */
export function registered(
  email: string,
  userId = systemSource.id(),
): EventDraft<"user.registered"> {
  return {
    type: "user.registered",
    subject: userId,
    data: { userId, email, role: "customer", demo: false },
  };
}

/** A fact that a host may say of a phone that nobody knows. */
export const reported = (
  reason: string,
  deviceId = systemSource.id(),
): EventDraft<"device.state.changed"> => ({
  type: "device.state.changed",
  subject: deviceId,
  data: { deviceId, state: "failed", reason },
});

/** A draft as its producer would send it. */
export const envelopeOf = (draft: EventDraft): Envelope => ({
  id: systemSource.id(),
  type: draft.type,
  version: newestVersion(draft.type),
  subject: draft.subject,
  occurredAt: new Date(systemSource.now()).toISOString(),
  correlationId: systemSource.id(),
  causationId: null,
  data: draft.data,
});

/** Polls until `look` gives something; fails after 20 s, with what was waited for. */
export async function until<T>(what: string, look: () => Promise<T | null | undefined | false>) {
  for (const giveUpAt = performance.now() + 20_000; performance.now() < giveUpAt; ) {
    const found = await look();
    if (found) return found;
    await delay(10);
  }
  throw new Error(`waited 20 s for ${what}`);
}

/** `database`, whose transactions go wrong at the very end while `fails` says so: all work is done, and its commit does not come. */
export const commitsFail = (database: Database, fails: () => boolean): Database => ({
  ...database,
  transaction: (work, options) =>
    database.transaction(async (tx: Tx) => {
      const result = await work(tx);
      if (fails()) throw new Error("the commit failed");
      return result;
    }, options),
});
