import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type EventDraft, newestVersion } from "@cloudphone/shared/events/catalog";
import { type Source, uuidv7 } from "@cloudphone/shared/ids";
import { pino } from "pino";
import { type Caller, router } from "../platform/http/trpc.ts";
import { projectionsRouter } from "../platform/http/projections-router.ts";
import { createEventLog } from "../platform/log/event-log.ts";
import { testDatabases } from "../platform/postgres/testing.ts";
import { runContext } from "../platform/run-context.ts";
import { createAnalytics } from "./analytics.ts";

export const source: Source = {
  id: () => uuidv7(Date.now(), randomBytes(16)),
  now: () => Date.now(),
};
const logger = pino({ level: "silent" });

/** Analytics on a server of its own, and a log to say things into. */
export async function startAnalytics() {
  const databases = await testDatabases();
  const log = createEventLog(databases.events);
  const analytics = createAnalytics({ database: databases.analytics, source });
  const running = runContext(analytics, { log, source, logger });
  let seq = 0;
  const sayAs = async (stream: string, ...drafts: EventDraft[]): Promise<void> => {
    const envelopes = drafts.map((draft) => ({
      stream,
      seq: ++seq,
      event: {
        id: source.id(),
        version: newestVersion(draft.type),
        occurredAt: new Date().toISOString(),
        correlationId: source.id(),
        causationId: null,
        ...draft,
      },
    }));
    await log.append(envelopes);
    // Sent again, as a relay does that was cut off after its append.
    await log.append(envelopes);
  };
  const contextOf = (userId: string, role: Caller["role"]) => ({
    caller: { userId, email: "x@example.com", role },
    source,
    correlationId: source.id(),
    address: "127.0.0.1",
    logger,
  });
  const projections = (role: Caller["role"]) =>
    projectionsRouter({ log, contexts: [analytics] }).createCaller(contextOf(source.id(), role));
  return {
    as: (userId: string, role: Caller["role"]) =>
      router(analytics.router).createCaller(contextOf(userId, role)).analytics,
    projections,
    /** Builds a projection anew; resolves once the new one is in its place. */
    async rebuild(name: string): Promise<void> {
      await projections("admin").rebuild({ name });
      await until("the new projection", async () => {
        const found = (await projections("admin").list()).find((one) => one.name === name);
        return found?.rebuild?.state === "done";
      });
    },
    log,
    databases,
    sayAs,
    say: (...drafts: EventDraft[]) => sayAs("context:billing", ...drafts),
    parked: () => databases.analytics.query`select * from parked_events`,
    /** Resolves once all that was said was read. */
    async settled() {
      const head = await log.head();
      await until("all to be read", async () =>
        running.consumers.every(({ position }) => position >= head),
      );
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await databases[Symbol.asyncDispose]();
    },
  };
}

export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + 30_000; performance.now() < giveUpAt; ) {
    if (await look()) return;
    await delay(10);
  }
  throw new Error(`waited 30 s for ${what}`);
}
