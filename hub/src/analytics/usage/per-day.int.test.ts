import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { expect, test } from "vitest";
import { source, startAnalytics, until } from "../testing.ts";

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
  await bench.databases.analytics.query`update usage_per_day set duration_ms = 0`;
  await bench.rebuild("analytics.usage-per-day");
  expect(await admin.usagePerDay()).toEqual(before);
  await bench.say(rated(ann, "2026-11-24T08:00:00.000Z", hourMs));
  await until("the next day", async () => (await admin.usagePerDay()).length === 2);
  expect((await admin.usagePerDay()).slice(1)).toEqual(before);
  const wish = { name: "analytics.usage-per-day" };
  await expect(bench.projections("operator").rebuild(wish)).rejects.toThrow("operations.rebuild");
  await expect(bench.projections("admin").rebuild({ name: "users" })).rejects.toThrow(
    "no projection",
  );
});
