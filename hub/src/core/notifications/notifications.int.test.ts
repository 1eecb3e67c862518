import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Notification } from "@cloudphone/shared/notifications";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { customerOf, leaseTo } from "../testing-customers.ts";
import { type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
let operator: Caller;
beforeAll(async () => {
  bench = await startCore();
  const userId = systemSource.id();
  await bench.databases.core.query`
    insert into users (id, email, password_hash, role) values (${userId}, 'op@example.com', '-', 'operator')`;
  operator = { userId, email: "op@example.com", role: "operator" };
});
afterAll(() => bench[Symbol.asyncDispose]());

const told = async (caller: Caller): Promise<Notification[]> =>
  (await bench.as(caller).notifications.list()).notifications;

const say = async (stream: string, ...drafts: EventDraft[]) => {
  await bench.say(stream, ...drafts);
  await bench.settled();
};

const cancelled = (userId: string, reason = "No phone was free."): EventDraft => {
  const orderId = systemSource.id();
  const data = { orderId, sagaId: orderId, userId, reason };
  return { type: "order.cancelled", subject: orderId, data };
};

test("customers are told of their money, orders, phones and installs; operators of what only they can mend", async () => {
  const host = await bench.host(2);
  const ann = await customerOf(bench, "ann");
  const deviceId = await leaseTo(bench, ann);
  const { userId } = ann;
  const sagaId = systemSource.id();
  const money = { userId, amountMinor: 250, currency: "CNY", reason: "It was slow." };
  await say(
    "context:billing",
    { type: "wallet.low", subject: userId, data: { userId, balanceMinor: 480, currency: "CNY" } },
    cancelled(userId),
    {
      type: "payment.refunded",
      subject: sagaId,
      data: { orderId: sagaId, sagaId, refundId: sagaId, ...money },
    },
    {
      type: "saga.stalled",
      subject: sagaId,
      data: { sagaId, saga: "buy-plan", note: "no answer" },
    },
    {
      type: "deadletter.added",
      subject: "billing.usage",
      data: {
        consumer: "billing.usage",
        position: 7,
        type: "device.stopped",
        error: "no such order",
      },
    },
  );
  await say(host.stream, {
    type: "device.state.changed",
    subject: deviceId,
    data: { deviceId, state: "failed", reason: "It did not boot in 120 s." },
  });
  await say("context:test", {
    type: "host.lost",
    subject: host.hostId,
    data: { hostId: host.hostId, silentMs: 45_000 },
  });
  const forAnn = await told(ann);
  expect(forAnn.map(({ kind }) => kind)).toEqual([
    "phone.lost",
    "phone.lost",
    "refund.made",
    "order.failed",
    "balance.low",
  ]);
  expect(forAnn[1]).toMatchObject({
    text: "It did not boot in 120 s.",
    refs: { deviceId },
    readAt: null,
  });
  expect(forAnn[4]?.text).toContain("4.80 CNY");
  const forStaff = await told(operator);
  expect(forStaff.map(({ kind }) => kind)).toEqual([
    "host.lost",
    "deadletter.added",
    "saga.stalled",
  ]);
  expect(forStaff[2]?.text).toContain(`cloudphone sagas show ${sagaId}`);
});

test("an event that can't be handled becomes a dead letter that operators are told of once", async () => {
  // A shape that its version does not promise: given up at once.
  const subject = systemSource.id();
  const draft = {
    type: "order.cancelled",
    subject,
    data: { nothing: true },
  } as unknown as EventDraft;
  await bench.say("context:billing", draft);
  const event = await bench.heard("deadletter.added", "core.notifications");
  expect(event.data).toMatchObject({ consumer: "core.notifications", type: "order.cancelled" });
  await bench.settled();
  const letters = (await told(operator)).filter(
    ({ refs }) => refs.consumer === "core.notifications",
  );
  expect(letters).toHaveLength(1);
});

test("they are read one by one or all at once, by whom they are for alone", async () => {
  const ann = await customerOf(bench, "ann");
  const bob = await customerOf(bench, "bob");
  await say("context:billing", cancelled(ann.userId), cancelled(ann.userId), cancelled(ann.userId));
  const [first] = await told(ann);
  const ids = [first?.notificationId ?? ""];
  expect(await bench.as(bob).notifications.markRead({ ids })).toEqual({ read: 0 });
  expect(await told(bob)).toEqual([]);
  expect(await bench.as(ann).notifications.markRead({ ids })).toEqual({ read: 1 });
  expect(await bench.as(ann).notifications.list({ unread: true })).toMatchObject({ unread: 2 });
  expect(await bench.as(ann).notifications.markRead({})).toEqual({ read: 2 });
  expect((await bench.as(ann).notifications.list({ limit: 1 })).notifications).toHaveLength(1);
});

test("what somebody does not want to hear is not told", async () => {
  const ann = await customerOf(bench, "ann");
  await bench
    .as(ann)
    .notifications.setPreference({ kind: "order.failed", inApp: false, webhook: false });
  await say("context:billing", cancelled(ann.userId));
  expect(await told(ann)).toEqual([]);
  const kinds = (await bench.as(ann).notifications.preferences()).map(({ kind }) => kind);
  expect(kinds).toContain("order.failed");
  expect(kinds, "is not a customer's").not.toContain("saga.stalled");
});

test("they come live, each to its reader, and from where the feed was cut on", async () => {
  const ann = await customerOf(bench, "ann");
  const bob = await customerOf(bench, "bob");
  const follow = async (lastEventId?: string) => {
    const feed = await bench.as(ann).notifications.live(lastEventId ? { lastEventId } : {});
    return feed[Symbol.asyncIterator]();
  };
  const head = String(await bench.log.head());
  const feed = await follow(head);
  await say("context:billing", cancelled(bob.userId), cancelled(ann.userId, "one"));
  const first = (await feed.next()).value as unknown as [string, Notification];
  expect(first[1]).toMatchObject({ text: "one Nothing was charged.", readAt: null });
  await feed.return?.();
  await say("context:billing", cancelled(ann.userId, "two"));
  const again = await follow(first[0]);
  expect(((await again.next()).value as unknown as [string, Notification])[1].text).toContain(
    "two",
  );
  await again.return?.();
  await until("nobody else's", async () => (await told(bob)).length === 1);
});
