import * as fc from "fast-check";
import { chargeMinor } from "@cloudphone/shared/money";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { expect, test } from "vitest";
import { verifyLedger } from "../ledger/verify.ts";
import {
  type BillingBench,
  callerOf,
  fakeHost,
  startBilling,
  testSource,
  until,
} from "../testing.ts";

const hourMs = 3_600_000;
const halfMs = hourMs / 2;
const core = "context:core";

/** A customer whose Hourly order (1.00 CNY an hour) is paid, without a run of its own yet. */
async function paidOrder(bench: BillingBench, hostId?: string) {
  const host = fakeHost(hostId);
  const userId = testSource.id();
  const api = bench.as(callerOf(userId, "customer"));
  await bench.billing.seedDemoPlans();
  await bench.billing.creditDemoCustomer({ userId, amountMinor: 100_000 });
  const hourly = (await api.plans.list()).find((plan) => plan.name === "Hourly");
  const { orderId } = await api.orders.create({
    planId: hourly?.id ?? "",
    idempotencyKey: testSource.id(),
  });
  const order = { orderId, userId };
  await bench.heard("device.allocate.requested", orderId);
  await bench.say(core, host.allocated(order));
  const firstRun = testSource.id();
  await bench.say(host.stream, host.started(order, firstRun), host.stopped(order, firstRun, 0));
  await bench.heard("usage.rated", firstRun);
  const runOf = (runId: string) =>
    until("the run", async () => (await api.usage.list()).find((run) => run.runId === runId));
  /** Waits until all that was said so far was consumed. */
  const settled = async () => {
    const runId = testSource.id();
    const other = fakeHost();
    await bench.say(other.stream, other.stopped(order, runId, 0));
    await bench.heard("usage.rated", runId);
  };
  return { host, order, api, runOf, settled };
}

test("a host whose store is new ends its older runs at the last confirmed second, and only those", async () => {
  await using bench = await startBilling();
  const { host, order, runOf } = await paidOrder(bench);
  const [old, other] = [testSource.id(), testSource.id()];
  const elsewhere = fakeHost();
  await bench.say(elsewhere.stream, elsewhere.started(order, other));
  await bench.say(host.stream, host.started(order, old), host.confirmed(order, old, halfMs));
  const reborn = fakeHost(host.hostId);
  const fresh = testSource.id();
  await bench.say(reborn.stream, reborn.begins(), reborn.started(order, fresh));
  await bench.heard("usage.rated", old);
  expect(await runOf(old)).toMatchObject({
    state: "charged",
    durationMs: halfMs,
    closedBy: "estimate",
    amountMinor: 50,
  });
  expect(await runOf(fresh)).toMatchObject({ state: "open" });
  expect(await runOf(other)).toMatchObject({ state: "open" });
});

test("an agent that starts again on the same store ends nothing", async () => {
  await using bench = await startBilling();
  const { host, order, runOf, settled } = await paidOrder(bench);
  const runId = testSource.id();
  await bench.say(host.stream, host.begins(), host.started(order, runId), host.begins());
  await settled();
  expect(await runOf(runId)).toMatchObject({ state: "open" });
});

test("a removed host's runs end at the last confirmed second; the truth, should it come, is charged as the difference", async () => {
  await using bench = await startBilling();
  const { host, order, runOf, api } = await paidOrder(bench);
  const runId = testSource.id();
  await bench.say(host.stream, host.started(order, runId), host.confirmed(order, runId, halfMs));
  await bench.say(core, {
    type: "host.removed",
    subject: host.hostId,
    data: { hostId: host.hostId, reason: "retired" },
  });
  await bench.heard("usage.rated", runId);
  await bench.say(
    host.stream,
    host.stopped(order, runId, hourMs),
    host.stopped(order, runId, hourMs),
  );
  await until("the correction", async () => (await runOf(runId)).amountMinor === 100);
  expect(await runOf(runId)).toMatchObject({ durationMs: hourMs, closedBy: "host" });
  const { lines } = await api.wallet.statement();
  expect(lines.filter((line) => line.kind === "usage").map((line) => line.amountMinor)).toEqual([
    -50, -50,
  ]);
  expect(lines[0]?.memo).toContain("Correction");
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("a start that is heard only after its host's store was replaced does not stay open for ever", async () => {
  await using bench = await startBilling();
  const { host, order, runOf, settled } = await paidOrder(bench);
  const runId = testSource.id();
  // The start is handled last, as after a failure: its subject was parked while the host's went on.
  const reborn = fakeHost(host.hostId);
  await bench.databases.billing.query`
    insert into usage_hosts (host_id, epoch, since_position) values (${host.hostId}, ${reborn.epoch}, 1000000)`;
  await bench.say(host.stream, host.started(order, runId), host.confirmed(order, runId, halfMs));
  await settled();
  expect(await runOf(runId)).toMatchObject({ closedBy: "estimate", durationMs: halfMs });
});

test("a phone that ran under no lease is nobody's to pay for", async () => {
  await using bench = await startBilling();
  const { host, order, api, settled } = await paidOrder(bench);
  const started = host.started(order, testSource.id());
  await bench.say(host.stream, {
    ...started,
    data: { ...started.data, lease: null, userId: null },
  } as EventDraft);
  await settled();
  expect((await api.usage.list()).every((run) => run.state === "charged")).toBe(true);
  expect((await api.usage.summary())[0]).toMatchObject({ usedMs: 0, usageMinor: 0, openMs: 0 });
});

test("runs told in any order and any number of times are each billed once, to the price of their total", async () => {
  await using bench = await startBilling();
  const length = fc.integer({ min: 1, max: 10 * hourMs });
  await fc.assert(
    fc.asyncProperty(
      fc.array(length, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      async (lengths, dice) => {
        const { host, order, api } = await paidOrder(bench);
        const runs = lengths.map((durationMs) => ({ runId: testSource.id(), durationMs }));
        const told = runs.flatMap(({ runId, durationMs }) => [
          host.started(order, runId),
          host.confirmed(order, runId, Math.floor(durationMs / 2)),
          host.confirmed(order, runId, durationMs),
          host.stopped(order, runId, durationMs),
        ]);
        const shuffled = [...told, ...told]
          .map((draft, at) => ({ draft, place: dice[at] ?? 0 }))
          .toSorted((a, b) => a.place - b.place)
          .map(({ draft }) => draft);
        await bench.say(host.stream, ...shuffled);
        for (const { runId } of runs) await bench.heard("usage.rated", runId);
        const totalMs = lengths.reduce((sum, durationMs) => sum + durationMs, 0);
        const price = chargeMinor(0, totalMs, { includedMs: 0, hourlyMinor: 100 });
        expect((await api.usage.summary())[0]).toMatchObject({
          usedMs: totalMs,
          usageMinor: price,
        });
        expect((await api.wallet.show()).balanceMinor).toBe(100_000 - price);
      },
    ),
    { numRuns: 15 },
  );
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});
