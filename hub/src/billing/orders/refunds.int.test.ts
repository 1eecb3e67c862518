import type { Id } from "@cloudphone/shared/ids";
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

const operator = callerOf(testSource.id(), "operator");
const key = () => testSource.id();

/** An order of the plan Starter, paid with 9.90, that ran for 20 of its 10 included hours: 8.00 more. */
async function paid() {
  const caller = callerOf(testSource.id(), "customer");
  await bench.billing.creditDemoCustomer({ userId: caller.userId, amountMinor: 10_000 });
  const plan = (await bench.as(null).plans.list()).find(({ name }) => name === "Starter");
  const { orderId } = await bench
    .as(caller)
    .orders.create({ planId: plan?.id ?? "", idempotencyKey: key() });
  const order = { orderId, userId: caller.userId };
  const host = fakeHost();
  const runId = testSource.id();
  await bench.heard("device.allocate.requested", orderId);
  await bench.say("context:core", host.allocated(order));
  await bench.say(host.stream, host.started(order, runId));
  await bench.heard("order.paid", orderId);
  await bench.say(host.stream, host.stopped(order, runId, 20 * 3_600_000));
  await bench.heard("usage.rated", runId);
  return { orderId, api: bench.as(caller) };
}

const refund = (orderId: Id, wish: { amountMinor?: number; idempotencyKey?: Id } = {}) =>
  bench
    .as(operator)
    .orders.refund({ orderId, reason: "The phone was faulty.", idempotencyKey: key(), ...wish });

test("a part goes back, then all that is left, and then nothing more; the books balance and say why", async () => {
  const { orderId, api } = await paid();
  expect(await refund(orderId, { amountMinor: 500 })).toMatchObject({ amountMinor: 500 });
  expect(await refund(orderId)).toMatchObject({ amountMinor: 1290, currency: "CNY" });
  await expect(refund(orderId)).rejects.toThrow(
    /Nothing of this order is left.*17\.90 CNY went back/,
  );
  const told = await until("both to be told", async () => {
    const types = ["payment.refunded"];
    const events = await bench.log.read({ after: 0, limit: 9, types, subject: orderId });
    return events.length === 2 && events;
  });
  expect(told.map(({ data }) => data.amountMinor)).toEqual([500, 1290]);
  const wallet = await api.wallet.show();
  expect(wallet.balanceMinor).toBe(10_000);
  expect(wallet.entries[0]).toMatchObject({ kind: "refund", amountMinor: 1290 });
  expect(await api.orders.show({ orderId })).toMatchObject({ refundedMinor: 1790 });
  expect((await api.orders.refunds({ orderId })).map((one) => one.amountMinor)).toEqual([
    500, 1290,
  ]);
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true, refunds: [] });
});

test("asked again with the same key it is the same refund; two others at once never give back too much", async () => {
  const { orderId, api } = await paid();
  const again = { amountMinor: 1000, idempotencyKey: key() };
  const answers = await Promise.all([refund(orderId, again), refund(orderId, again)]);
  expect(answers[0]).toEqual(answers[1]);
  const both = await Promise.allSettled([
    refund(orderId, { amountMinor: 500 }),
    refund(orderId, { amountMinor: 500 }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const refused = both.find((one) => one.status === "rejected");
  expect(String(refused?.reason)).toMatch(/At most 2\.90 CNY .*15\.00 CNY went back before/);
  expect((await api.wallet.show()).balanceMinor).toBe(10_000 - 1790 + 1500);
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("amounts that are none, orders that were never paid, and people who may not, are refused in words", async () => {
  const { orderId, api } = await paid();
  for (const amountMinor of [0, -1, 0.5, 2 ** 53, 1e300, Number.NaN])
    await expect(refund(orderId, { amountMinor }), String(amountMinor)).rejects.toThrow();
  await expect(refund(orderId, { amountMinor: 1791 })).rejects.toThrow("At most 17.90 CNY");
  await expect(refund(testSource.id())).rejects.toThrow("no order with that id");
  await expect(
    api.orders.refund({ orderId, reason: "I would like to", idempotencyKey: key() }),
  ).rejects.toThrow("orders.refund");
  const stranger = bench.as(callerOf(testSource.id(), "customer"));
  await expect(stranger.orders.refunds({ orderId })).rejects.toThrow("no order with that id");
  const poor = bench.as(callerOf(testSource.id(), "customer"));
  const plan = (await bench.as(null).plans.list()).find(({ name }) => name === "Starter");
  const never = await poor.orders.create({ planId: plan?.id ?? "", idempotencyKey: key() });
  await bench.heard("order.cancelled", never.orderId);
  await expect(refund(never.orderId)).rejects.toThrow(/nothing was taken/);
});
