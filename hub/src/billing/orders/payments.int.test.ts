import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyLedger } from "../ledger/verify.ts";
import { type BillingBench, callerOf, startBilling, testSource, until } from "../testing.ts";

// The purchase itself can't ask for these; whoever edits it may. Each order here is the test's own, without a purchase behind it.
const asked = "context:test";

let bench: BillingBench;
beforeAll(async () => {
  bench = await startBilling();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** A customer with 10.00, of which an order holds 4.00. */
async function held() {
  const userId = testSource.id();
  const orderId = testSource.id();
  await bench.billing.creditDemoCustomer({ userId, amountMinor: 1000 });
  const of = { orderId, sagaId: orderId, userId };
  await bench.say(asked, {
    type: "payment.hold.requested",
    subject: orderId,
    data: { ...of, amountMinor: 400, currency: "CNY" },
  });
  await bench.heard("payment.held", orderId);
  const ask = {
    capture: { type: "payment.capture.requested", subject: orderId, data: of } as EventDraft,
    void: {
      type: "payment.void.requested",
      subject: orderId,
      data: { ...of, reason: "over" },
    } as EventDraft,
  };
  const wallet = () => bench.as(callerOf(userId, "customer")).wallet.show();
  return { orderId, ask, wallet };
}

const payment = async (orderId: Id) => {
  const [row] = await bench.databases.billing.query`
    select * from payments where order_id = ${orderId}`;
  return row;
};

/** Resolves once billing has dealt with, or parked, what was asked up to now. */
async function dealtWith(): Promise<void> {
  const marker = await held();
  expect(await payment(marker.orderId)).toMatchObject({ state: "held" });
}

test("a capture that is asked for again gets the same answer and changes nothing", async () => {
  const { orderId, ask, wallet } = await held();
  await bench.say(asked, ask.capture);
  await bench.heard("payment.captured", orderId);
  const first = await payment(orderId);
  await bench.say(asked, ask.capture);
  await until("a second answer", async () => {
    const types = ["payment.captured"];
    return (await bench.log.read({ after: 0, limit: 10, types, subject: orderId })).length === 2;
  });
  expect(await payment(orderId)).toEqual(first);
  expect(await wallet()).toMatchObject({ balanceMinor: 600, heldMinor: 0 });
  expect(await verifyLedger(bench.databases.billing)).toMatchObject({ sound: true });
});

test("money that was given back can't be taken", async () => {
  const { orderId, ask, wallet } = await held();
  await bench.say(asked, ask.void);
  await bench.heard("payment.voided", orderId);
  await bench.say(asked, ask.capture);
  await dealtWith();
  expect(await payment(orderId)).toMatchObject({ state: "voided" });
  const types = ["payment.captured"];
  expect(await bench.log.read({ after: 0, limit: 10, types, subject: orderId })).toEqual([]);
  expect(await wallet()).toMatchObject({ balanceMinor: 1000, heldMinor: 0 });
});

test("money that was taken can't be given back", async () => {
  const { orderId, ask, wallet } = await held();
  await bench.say(asked, ask.capture);
  await bench.heard("payment.captured", orderId);
  await bench.say(asked, ask.void);
  await dealtWith();
  expect(await payment(orderId)).toMatchObject({ state: "captured" });
  const parked = await bench.databases.billing.query`
    select error from parked_events where subject = ${orderId}`;
  expect(parked, "it is passed over, and holds up nothing").toEqual([]);
  const types = ["payment.voided"];
  expect(await bench.log.read({ after: 0, limit: 10, types, subject: orderId })).toEqual([]);
  expect(await wallet()).toMatchObject({ balanceMinor: 600, heldMinor: 0 });
});
