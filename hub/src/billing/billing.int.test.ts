import { expect, test } from "vitest";
import { createBilling } from "./billing.ts";
import { verifyLedger } from "./ledger/verify.ts";
import {
  type BillingBench,
  callerOf,
  fakeHost,
  startBilling,
  testSource,
  until,
} from "./testing.ts";

const hourMs = 3_600_000;
const core = "context:core";

async function customerWith(bench: BillingBench, amountMinor: number) {
  const userId = testSource.id();
  if (amountMinor > 0) await bench.billing.creditDemoCustomer({ userId, amountMinor });
  return callerOf(userId, "customer");
}

async function plan(bench: BillingBench, name: string) {
  await bench.billing.seedDemoPlans();
  const plans = await bench.as(null).plans.list();
  const found = plans.find((offer) => offer.name === name);
  if (!found) throw new Error(`no plan ${name}`);
  return found;
}

async function buy(bench: BillingBench, caller: ReturnType<typeof callerOf>, name: string) {
  const { id } = await plan(bench, name);
  const { orderId } = await bench
    .as(caller)
    .orders.create({ planId: id, idempotencyKey: testSource.id() });
  return { orderId, userId: caller.userId };
}

/** Bought, allocated, running, paid. */
async function bought(bench: BillingBench, name: string, runId = testSource.id()) {
  const caller = await customerWith(bench, 10_000);
  const host = fakeHost();
  const order = await buy(bench, caller, name);
  await bench.heard("device.allocate.requested", order.orderId);
  await bench.say(core, host.allocated(order));
  await bench.say(host.stream, host.started(order, runId));
  await stateOf(bench, caller, order.orderId, "paid");
  return { caller, host, order, runId, api: bench.as(caller) };
}

const stateOf = (
  bench: BillingBench,
  caller: ReturnType<typeof callerOf>,
  ...[orderId, state]: [string, string]
) =>
  until(`order ${state}`, async () => {
    const order = await bench.as(caller).orders.show({ orderId });
    return order.state === state && order;
  });

test("a plan is bought, its phone runs an hour, goes back, and the books balance", async () => {
  await using bench = await startBilling();
  const { api, caller, host, order, runId } = await bought(bench, "Hourly");
  await bench.say(host.stream, host.confirmed(order, runId, 60_000));
  await until("a minute to be seen", async () => {
    const [run] = await api.usage.list();
    return run?.state === "open" && run.confirmedMs === 60_000;
  });
  expect((await api.usage.summary())[0]).toMatchObject({ openMs: 60_000, openMinor: 2 });

  await api.orders.end({ orderId: order.orderId, idempotencyKey: testSource.id() });
  await bench.heard("device.release.requested", order.orderId);
  await bench.say(host.stream, host.stopped(order, runId, hourMs));
  await bench.heard("usage.rated", runId);

  const wallet = await api.wallet.show();
  expect(wallet).toMatchObject({ balanceMinor: 9900, heldMinor: 0, currency: "CNY" });
  expect(wallet.entries.map((line) => [line.kind, line.amountMinor, line.balanceMinor])).toEqual([
    ["usage", -100, 9900],
    ["topup", 10_000, 10_000],
  ]);
  const [run] = await api.usage.list();
  expect(run).toMatchObject({ state: "charged", durationMs: hourMs, amountMinor: 100 });
  expect(await stateOf(bench, caller, order.orderId, "ended")).toMatchObject({
    usedMs: hourMs,
    usageMinor: 100,
    deviceId: host.deviceId,
  });
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("a plan with a price holds it, takes it once the phone runs, and charges time beyond what is included", async () => {
  await using bench = await startBilling();
  const caller = await customerWith(bench, 1000);
  const host = fakeHost();
  const order = await buy(bench, caller, "Starter");
  await bench.heard("device.allocate.requested", order.orderId);
  expect(await bench.as(caller).wallet.show()).toMatchObject({ balanceMinor: 10, heldMinor: 990 });
  const runId = testSource.id();
  // The phone runs before core's news of the allocation is there.
  await bench.say(host.stream, host.started(order, runId));
  await bench.say(core, host.allocated(order));
  await bench.heard("order.paid", order.orderId);
  expect(await bench.as(caller).wallet.show()).toMatchObject({ balanceMinor: 10, heldMinor: 0 });
  await bench.say(host.stream, host.stopped(order, runId, 10 * hourMs));
  const [free] = [await bench.heard("usage.rated", runId)];
  expect(free.data).toMatchObject({ includedMs: 10 * hourMs, amountMinor: 0 });
  const second = testSource.id();
  await bench.say(host.stream, host.stopped(order, second, hourMs));
  expect((await bench.heard("usage.rated", second)).data).toMatchObject({
    includedMs: 0,
    amountMinor: 80,
  });
  expect((await bench.as(caller).wallet.show()).balanceMinor).toBe(-70);
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("a wallet that is short gets the order refused, with what is there and what it costs", async () => {
  await using bench = await startBilling();
  const caller = await customerWith(bench, 300);
  const { orderId } = await buy(bench, caller, "Starter");
  expect(await stateOf(bench, caller, orderId, "cancelled")).toMatchObject({
    reason: "The balance is 3.00 CNY and the plan costs 9.90 CNY; top up first.",
  });
  const broke = await customerWith(bench, 0);
  const hourly = await buy(bench, broke, "Hourly");
  const refused = await stateOf(bench, broke, hourly.orderId, "cancelled");
  expect(refused.reason).toContain("top up first");
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("no phone: the order is cancelled with the reason and the hold given back", async () => {
  await using bench = await startBilling();
  const caller = await customerWith(bench, 1000);
  const { orderId } = await buy(bench, caller, "Starter");
  await bench.heard("device.allocate.requested", orderId);
  await bench.say(core, {
    type: "device.allocate.failed",
    subject: orderId,
    data: { sagaId: orderId, orderId, reason: "No host has room for such a phone." },
  });
  const order = await stateOf(bench, caller, orderId, "cancelled");
  expect(order.reason).toBe("No host has room for such a phone.");
  await bench.heard("payment.voided", orderId);
  expect(await bench.as(caller).wallet.show()).toMatchObject({ balanceMinor: 1000, heldMinor: 0 });
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("no answer before the deadline: cancelled, and a phone that comes and runs later is given back and not charged", async () => {
  await using bench = await startBilling({ purchaseDeadlineMs: 2000 });
  const caller = await customerWith(bench, 1000);
  const order = await buy(bench, caller, "Starter");
  const cancelled = await stateOf(bench, caller, order.orderId, "cancelled");
  expect(cancelled.reason).toContain("No phone could be given within 2 s.");
  await bench.heard("payment.voided", order.orderId);
  const host = fakeHost();
  await bench.say(core, host.allocated(order));
  const runId = testSource.id();
  await bench.say(host.stream, host.started(order, runId), host.stopped(order, runId, hourMs));
  await until("two more releases", async () => {
    const releases = await bench.log.read({
      after: 0,
      limit: 100,
      types: ["device.release.requested"],
      subject: order.orderId,
    });
    return releases.length === 3;
  });
  await until("the run to be recorded", async () => {
    const [run] = await bench.as(caller).usage.list();
    return run?.state === "free" && run.durationMs === hourMs;
  });
  expect(await bench.as(caller).wallet.show()).toMatchObject({ balanceMinor: 1000, heldMinor: 0 });
});

test("a run that ended before its order was paid is charged once it is", async () => {
  await using bench = await startBilling();
  const caller = await customerWith(bench, 1000);
  const host = fakeHost();
  const order = await buy(bench, caller, "Hourly");
  await bench.heard("device.allocate.requested", order.orderId);
  const runId = testSource.id();
  await bench.say(
    host.stream,
    host.started(order, runId),
    host.stopped(order, runId, hourMs),
    host.stopped(order, runId, hourMs),
  );
  await until("the run to wait", async () => {
    const [run] = await bench.as(caller).usage.list();
    return run?.state === "waiting";
  });
  await bench.say(core, host.allocated(order));
  await bench.heard("usage.rated", runId);
  expect((await bench.as(caller).wallet.show()).balanceMinor).toBe(900);
});

test("the same key buys once, and another request under it is refused", async () => {
  await using bench = await startBilling();
  const caller = await customerWith(bench, 1000);
  const [hourly, starter] = [await plan(bench, "Hourly"), await plan(bench, "Starter")];
  const api = bench.as(caller);
  const idempotencyKey = testSource.id();
  const answers = await Promise.all(
    [1, 2, 3].map(() => api.orders.create({ planId: hourly.id, idempotencyKey })),
  );
  expect(new Set(answers.map((answer) => answer.orderId)).size).toBe(1);
  expect(await api.orders.list()).toHaveLength(1);
  await expect(api.orders.create({ planId: starter.id, idempotencyKey })).rejects.toThrow(
    "already used for another request",
  );
});

test("nobody sees or ends another's order, tops up their own wallet, or recounts the ledger without being staff", async () => {
  await using bench = await startBilling();
  const { order, caller } = await bought(bench, "Hourly");
  const stranger = bench.as(callerOf(testSource.id(), "customer"));
  const idempotencyKey = testSource.id();
  const { orderId } = order;
  await expect(stranger.orders.show({ orderId })).rejects.toThrow("no order with that id");
  await expect(stranger.orders.end({ orderId, idempotencyKey })).rejects.toThrow("no order with");
  await expect(stranger.wallet.show({ userId: caller.userId })).rejects.toThrow("no customer");
  expect(await stranger.orders.list({ userId: caller.userId })).toEqual([]);
  expect(await stranger.usage.list({ userId: caller.userId })).toEqual([]);
  await expect(stranger.wallet.topup({ amountMinor: 1, idempotencyKey })).rejects.toThrow(
    "no payment provider yet",
  );
  await expect(stranger.ledger.verify()).rejects.toThrow("ledger.read");
  await expect(bench.as(null).orders.list()).rejects.toThrow("Sign in first");
});

test("staff top up a known customer once per key, and the customer's statement shows it", async () => {
  await using bench = await startBilling();
  const userId = testSource.id();
  const data = { userId, email: "ann@example.com", role: "customer", demo: false } as const;
  await bench.say(core, { type: "user.registered", subject: userId, data });
  const staff = bench.as(callerOf(testSource.id(), "operator"));
  await until("a wallet", async () => {
    const rows = await bench.databases.billing
      .query`select 1 from accounts where user_id = ${userId}`;
    return rows.length === 2;
  });
  const topup = { userId, amountMinor: 500, reason: "Cash", idempotencyKey: testSource.id() };
  const first = await staff.wallet.topup(topup);
  expect(await staff.wallet.topup(topup)).toEqual(first);
  expect(first.balanceMinor).toBe(500);
  await bench.heard("wallet.credited", userId);
  const again = { ...topup, idempotencyKey: testSource.id(), userId: testSource.id() };
  await expect(staff.wallet.topup(again)).rejects.toThrow("no customer with that id");
  const page = await bench.as(callerOf(userId, "customer")).wallet.statement({ limit: 1 });
  expect(page.lines).toMatchObject([{ memo: "Cash", amountMinor: 500, balanceMinor: 500 }]);
});

test("seeding twice gives one set of plans and one credit, also before the registration is known", async () => {
  await using bench = await startBilling();
  const userId = testSource.id();
  await bench.billing.creditDemoCustomer({ userId, amountMinor: 500 });
  await bench.billing.creditDemoCustomer({ userId, amountMinor: 500 });
  await bench.billing.seedDemoPlans();
  await bench.billing.seedDemoPlans();
  const plans = await bench.as(null).plans.list();
  expect(plans.map((offer) => [offer.name, offer.demo])).toEqual([
    ["Hourly", true],
    ["Starter", true],
    ["Monthly", true],
  ]);
  expect((await bench.as(callerOf(userId, "customer")).wallet.show()).balanceMinor).toBe(500);
});

test("a new price is a new plan, and an order keeps the terms it was sold under", async () => {
  await using bench = await startBilling();
  const { api, host, order, runId } = await bought(bench, "Hourly");
  const old = await plan(bench, "Hourly");
  const staff = bench.as(callerOf(testSource.id(), "admin"));
  const { id: _id, active: _active, demo: _demo, currency: _currency, ...terms } = old;
  const dearer = { ...terms, hourlyMinor: 500, idempotencyKey: testSource.id() };
  await expect(staff.plans.create({ ...dearer, replaces: null })).rejects.toThrow("is on sale");
  const idempotencyKey = testSource.id();
  const created = await staff.plans.create({ ...dearer, replaces: old.id, idempotencyKey });
  expect(created).toMatchObject({ hourlyMinor: 500, replaces: old.id, demo: false });
  await expect(api.orders.create({ planId: old.id, idempotencyKey })).rejects.toThrow(
    "not on sale",
  );
  await expect(
    bench.databases.billing.query`update plans set hourly_minor = 1 where id = ${created.id}`,
  ).rejects.toThrow("never edited");
  await bench.say(host.stream, host.stopped(order, runId, hourMs));
  expect((await bench.heard("usage.rated", runId)).data).toMatchObject({ amountMinor: 100 });
});

test("billing sells in the currency its operator chose", async () => {
  await using bench = await startBilling();
  const database = bench.databases.billing;
  const euro = createBilling({ database, source: testSource, currency: "EUR" });
  await euro.seedDemoPlans();
  expect((await bench.as(null).plans.list())[0]?.currency).toBe("EUR");
});
