import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type EventDraft, newestVersion } from "@cloudphone/shared/events/catalog";
import { type Source, uuidv7 } from "@cloudphone/shared/ids";
import { pino } from "pino";
import { expect, test } from "vitest";
import { type Caller, router } from "../../platform/http/trpc.ts";
import { createEventLog } from "../../platform/log/event-log.ts";
import { testDatabases } from "../../platform/postgres/testing.ts";
import { runContext } from "../../platform/run-context.ts";
import { createAnalytics } from "../analytics.ts";

const source: Source = { id: () => uuidv7(Date.now(), randomBytes(16)), now: () => Date.now() };
const logger = pino({ level: "silent" });
const [ann, bob, planId] = [source.id(), source.id(), source.id()];

const rated = (userId: string, startedAt: string, durationMs: number): EventDraft => {
  const runId = source.id();
  return {
    type: "usage.rated",
    subject: runId,
    data: {
      runId,
      deviceId: source.id(),
      orderId: source.id(),
      planId,
      userId,
      startedAt,
      durationMs,
      includedMs: 0,
      amountMinor: durationMs / 36_000,
      currency: "CNY",
    },
  };
};

async function startAnalytics() {
  const databases = await testDatabases();
  const log = createEventLog(databases.events);
  const analytics = createAnalytics({ database: databases.analytics, source });
  const running = runContext(analytics, { log, source, logger });
  let seq = 0;
  return {
    as: (userId: string, role: Caller["role"]) =>
      router(analytics.router).createCaller({
        caller: { userId, email: "x@example.com", role },
        source,
        correlationId: source.id(),
        address: "127.0.0.1",
        logger,
      }).analytics,
    async say(...drafts: EventDraft[]) {
      const envelopes = drafts.map((draft) => ({
        stream: "context:billing",
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
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await databases[Symbol.asyncDispose]();
    },
  };
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + 10_000; performance.now() < giveUpAt; ) {
    if (await look()) return;
    await delay(10);
  }
  throw new Error(`waited 10 s for ${what}`);
}

const hourMs = 3_600_000;

test("usage is summed by the day it began, for all to staff and for oneself to a customer", async () => {
  await using bench = await startAnalytics();
  const staff = bench.as(source.id(), "operator");
  await bench.say(
    rated(ann, "2026-11-22T23:59:59.000Z", hourMs),
    rated(ann, "2026-11-23T08:00:00.000Z", hourMs),
    rated(bob, "2026-11-23T09:00:00.000Z", 2 * hourMs),
  );
  const all = { currency: "CNY", includedMs: 0 };
  const expected = [
    { ...all, day: "2026-11-23", durationMs: 3 * hourMs, amountMinor: 300, users: 2 },
    { ...all, day: "2026-11-22", durationMs: hourMs, amountMinor: 100, users: 1 },
  ];
  await until("two days", async () => (await staff.usagePerDay()).length === 2);
  expect(await staff.usagePerDay()).toEqual(expected);
  expect(await staff.usagePerDay({ to: "2026-11-22" })).toEqual(expected.slice(1));
  // A customer who names another gets their own all the same.
  expect(await bench.as(bob, "customer").usagePerDay({ userId: ann })).toEqual([
    { ...all, day: "2026-11-23", durationMs: 2 * hourMs, amountMinor: 200, users: 1 },
  ]);
});

test("rebuilt from the log, also when nothing new is said, the projection is what it was", async () => {
  await using bench = await startAnalytics();
  const admin = bench.as(source.id(), "admin");
  await bench.say(
    ...[1, 2, 3].map((hours) => rated(ann, "2026-11-23T08:00:00.000Z", hours * hourMs)),
  );
  const done = async () => (await admin.usagePerDay())[0]?.durationMs === 6 * hourMs;
  await until("the sum", done);
  const before = await admin.usagePerDay();
  await admin.rebuild();
  await until("the sum again", done);
  await bench.say(rated(ann, "2026-11-24T08:00:00.000Z", hourMs));
  await until("the next day", async () => (await admin.usagePerDay()).length === 2);
  expect((await admin.usagePerDay()).slice(1)).toEqual(before);
  await expect(bench.as(bob, "operator").rebuild()).rejects.toThrow("admin");
});
