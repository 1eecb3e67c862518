import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyLedger } from "../ledger/verify.ts";
import {
  type BillingBench,
  callerOf,
  fakeHost,
  startBilling,
  testSource,
  until,
} from "../testing.ts";

let bench: BillingBench;
beforeAll(async () => {
  bench = await startBilling();
  await bench.billing.seedDemoPlans();
});
afterAll(() => bench[Symbol.asyncDispose]());

const hourMs = 3_600_000;
const key = () => testSource.id();
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

/** A paid order of a plan whose lease ends then, and its customer with so much left after paying. */
async function paid(options: { endsInMs: number; leftMinor: number; plan?: string }) {
  const caller = callerOf(testSource.id(), "customer");
  const wanted = (await bench.as(null).plans.list()).find(
    ({ name }) => name === (options.plan ?? "Starter"),
  );
  const { userId } = caller;
  const amountMinor = (wanted?.priceMinor ?? 0) + options.leftMinor;
  await bench.billing.creditDemoCustomer({ userId, amountMinor });
  const api = bench.as(caller);
  const { orderId } = await api.orders.create({ planId: wanted?.id ?? "", idempotencyKey: key() });
  const of = { orderId, userId };
  const host = fakeHost();
  const runId = testSource.id();
  await bench.heard("device.allocate.requested", orderId);
  await bench.say("context:core", host.allocated(of, inMs(options.endsInMs)));
  await bench.say(host.stream, host.started(of, runId));
  await bench.heard("order.paid", orderId);
  await until("the order to be paid", async () => (await api.orders.show({ orderId })).paidAt);
  return { orderId, of, api, host, runId, caller };
}

const said = (type: string, subject: string) =>
  bench.log.read({ after: 0, limit: 10, types: [type], subject });

test("an order is paid for once more by one press however often it is sent, its lease extended, its hours added", async () => {
  const { orderId, of, api, host, runId } = await paid({ endsInMs: 48 * hourMs, leftMinor: 2000 });
  await bench.say(host.stream, host.stopped(of, runId, 12 * hourMs));
  await bench.heard("usage.rated", runId);
  const idempotencyKey = key();
  const twice = await Promise.all([1, 2].map(() => api.orders.renew({ orderId, idempotencyKey })));
  expect(twice).toEqual([
    { orderId, period: 2 },
    { orderId, period: 2 },
  ]);
  const { data } = await bench.heard("order.renewed", orderId);
  expect(data).toMatchObject({ period: 2, leaseMs: 7 * 24 * hourMs, amountMinor: 990 });
  // 10 h were included and 12 h used: the 2 h that were charged are not taken from the next 10.
  expect(await api.orders.show({ orderId })).toMatchObject({
    ...{ period: 2, renewalsMinor: 990, includedMs: 22 * hourMs, usageMinor: 160 },
  });
  const end = inMs(200 * hourMs);
  await bench.say("context:core", host.extended(of, end));
  await until("the new end", async () => (await api.orders.show({ orderId })).expiresAt === end);
  expect((await api.wallet.show()).balanceMinor).toBe(2000 - 160 - 990);
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("what a renewal cost goes back by itself when the lease was over", async () => {
  const { orderId, of, api } = await paid({ endsInMs: 48 * hourMs, leftMinor: 1000 });
  await api.orders.renew({ orderId, idempotencyKey: key() });
  await bench.say("context:core", {
    type: "device.lease.extend.failed",
    subject: orderId,
    data: { orderId, userId: of.userId, period: 2, reason: "The lease was over." },
  });
  expect((await bench.heard("payment.refunded", orderId)).data).toMatchObject({ amountMinor: 990 });
  expect((await api.wallet.show()).balanceMinor).toBe(1000);
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("an end is warned of once; an order that renews itself does so before it, and says when it can't", async () => {
  const soon = await paid({ endsInMs: 20 * hourMs, leftMinor: 0 });
  const warned = await bench.heard("order.expiring", soon.orderId);
  expect(warned.data).toMatchObject({ autoRenew: false, amountMinor: 990, userId: soon.of.userId });
  const poor = await paid({ endsInMs: 48 * hourMs, leftMinor: 500 });
  await poor.api.orders.setAutoRenew({ orderId: poor.orderId, on: true });
  await bench.say("context:core", poor.host.extended(poor.of, inMs(hourMs / 2)));
  const failed = await bench.heard("order.renewal.failed", poor.orderId);
  expect(failed.data.reason).toContain("The balance is 5.00 CNY and the plan costs 9.90 CNY");
  const { userId } = poor.of;
  const operator = bench.as(callerOf(testSource.id(), "operator"));
  await operator.wallet.topup({ userId, amountMinor: 1000, idempotencyKey: key() });
  expect((await bench.heard("order.renewed", poor.orderId)).data).toMatchObject({ period: 2 });
  expect(await said("order.renewal.failed", poor.orderId)).toHaveLength(1);
  expect(await said("order.expiring", soon.orderId)).toHaveLength(1);
});

test("what can't be renewed is refused in words", async () => {
  const over = await paid({ endsInMs: 2000, leftMinor: 5000 });
  const renew = (of: typeof over) =>
    of.api.orders.renew({ orderId: of.orderId, idempotencyKey: key() });
  await expect(renew(over)).rejects.toThrow("buy it anew");
  const poor = await paid({ endsInMs: 48 * hourMs, leftMinor: 1 });
  await expect(renew(poor)).rejects.toThrow("top up first");
  const stranger = bench.as(callerOf(testSource.id(), "customer"));
  await expect(
    stranger.orders.renew({ orderId: poor.orderId, idempotencyKey: key() }),
  ).rejects.toThrow("no order with that id");
  await expect(stranger.orders.setAutoRenew({ orderId: poor.orderId, on: true })).rejects.toThrow(
    "no order with that id",
  );
});

test("a limit of one's own stops what runs and what is bought, until it is raised", async () => {
  const { api, of, caller } = await paid({ endsInMs: 48 * hourMs, leftMinor: 5000 });
  const watch = bench.billing.timers.find(({ name }) => name === "billing.wallets.watch");
  expect(await api.wallet.setLimit({ monthlyMinor: 990 })).toEqual({
    monthlyMinor: 990,
    spentMinor: 990,
  });
  await watch?.run();
  expect((await bench.heard("wallet.limit.reached", of.userId)).data).toMatchObject({
    ...{ limitMinor: 990, spentMinor: 990 },
  });
  const planId = (await api.plans.list()).find(({ name }) => name === "Starter")?.id ?? "";
  const bought = await api.orders.create({ planId, idempotencyKey: key() });
  expect((await bench.heard("order.cancelled", bought.orderId)).data.reason).toContain(
    "Your spending limit of 9.90 CNY this month does not allow it",
  );
  await expect(api.orders.renew({ orderId: of.orderId, idempotencyKey: key() })).rejects.toThrow(
    "spending limit",
  );
  await api.wallet.setLimit({ monthlyMinor: null });
  await watch?.run();
  await bench.heard("wallet.limit.cleared", of.userId);
  expect(await said("wallet.limit.reached", caller.userId)).toHaveLength(1);
  for (const monthlyMinor of [-1, 0.5, 2 ** 60])
    await expect(api.wallet.setLimit({ monthlyMinor })).rejects.toThrow();
});

test("what runs counts before it is charged: a balance is low while the phone still runs", async () => {
  const { of, host, runId } = await paid({ endsInMs: 48 * hourMs, leftMinor: 600 });
  const watch = bench.billing.timers.find(({ name }) => name === "billing.wallets.watch");
  await watch?.run();
  await bench.say(host.stream, host.confirmed(of, runId, 14 * hourMs));
  await until("the hours to be known", async () => {
    const [row] = await bench.databases.billing.query<{ ms: number }>`
      select confirmed_ms as ms from usage_records where run_id = ${runId}`;
    return row?.ms === 14 * hourMs;
  });
  await watch?.run();
  expect((await bench.heard("wallet.low", of.userId)).data).toMatchObject({ balanceMinor: 280 });
});
