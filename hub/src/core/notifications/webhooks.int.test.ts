import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { customerOf } from "../testing-customers.ts";
import { type CoreBench, startCore } from "../testing.ts";
import { isSigned } from "./signature.ts";

let bench: CoreBench;
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody's receiver, which answers with these statuses, the last one for ever. */
async function receiver(...statuses: number[]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body });
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      response.writeHead(status ?? 200, { location: "/elsewhere" }).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    received,
    url: `http://127.0.0.1:${port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const cancelled = (userId: string, reason: string) => {
  const orderId = systemSource.id();
  const data = { orderId, sagaId: orderId, userId, reason };
  return bench.say("context:billing", { type: "order.cancelled", subject: orderId, data });
};

const api = (caller: Caller) => bench.as(caller).webhooks;
const hurry = () =>
  bench.databases.core
    .query`update webhook_deliveries set next_attempt_at = clock_timestamp() where state = 'pending'`;

/** The newest message of a webhook once it is in that state. */
const sent = (caller: Caller, webhookId: string, state: string) =>
  until(`a message that is ${state}`, async () => {
    const [delivery] = await api(caller).deliveries({ webhookId });
    return delivery?.state === state && delivery;
  });

test("a message is sent signed, tried again with the same id until it is taken, and can be sent anew", async () => {
  await using hook = await receiver(500, 302, 204);
  const ann = await customerOf(bench, "ann");
  const { webhookId, secret } = await api(ann).create({ url: hook.url });
  await cancelled(ann.userId, "No phone was free.");
  for (const attempts of [1, 2]) {
    await until(`attempt ${attempts}`, async () => {
      const [delivery] = await api(ann).deliveries({ webhookId });
      return delivery?.attempts.length === attempts;
    });
    const [waiting] = await api(ann).deliveries({ webhookId });
    expect(Date.parse(waiting?.nextAttemptAt ?? "")).toBeGreaterThan(
      Date.parse(waiting?.createdAt ?? ""),
    );
    await hurry();
  }
  const done = await sent(ann, webhookId, "delivered");
  expect(done.attempts.map(({ status }) => status)).toEqual([500, 302, 204]);
  await api(ann).replay({ deliveryId: done.deliveryId });
  await until("it to come again", () => Promise.resolve(hook.received.length === 4));
  for (const { path, headers, body } of hook.received) {
    expect(path, "no redirect is followed").toBe("/hook");
    expect(isSigned(headers, { body, secret })).toBe(true);
    expect(headers["webhook-id"]).toBe(done.deliveryId);
    expect(body).toBe(hook.received[0]?.body);
    expect(JSON.parse(body)).toMatchObject({
      type: "order.failed",
      data: { title: "Your order was cancelled", text: "No phone was free. Nothing was charged." },
    });
  }
});

test("inner addresses are refused when a webhook is made, and again when its name means one by then", async () => {
  const ann = await customerOf(bench, "ann");
  for (const url of [
    "https://10.0.0.1/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://2852039166/",
    "nonsense",
  ])
    await expect(api(ann).create({ url }), url).rejects.toMatchObject({ code: "BAD_REQUEST" });
  await using hook = await receiver(200);
  const { webhookId } = await api(ann).create({ url: hook.url });
  await bench.databases.core
    .query`update webhooks set url = 'https://169.254.169.254/latest' where id = ${webhookId}`;
  await api(ann).test({ webhookId });
  const [delivery] = await until("the refusal", async () => {
    const list = await api(ann).deliveries({ webhookId });
    return list[0]?.attempts.length === 1 && list;
  });
  expect(delivery?.attempts[0]).toMatchObject({
    status: null,
    error: "169.254.169.254 is not a public address; nothing is sent there.",
  });
  expect(hook.received).toEqual([]);
});

test("a receiver that is gone for good is not asked again until it is resumed; what it may get is chosen", async () => {
  await using hook = await receiver(410, 200);
  const bob = await customerOf(bench, "bob");
  const { webhookId } = await api(bob).create({ url: hook.url, kinds: ["order.failed"] });
  await bench
    .as(bob)
    .notifications.setPreference({ kind: "refund.made", inApp: true, webhook: true });
  await cancelled(bob.userId, "first");
  await until("the pause", async () => (await api(bob).list())[0]?.pausedReason);
  await cancelled(bob.userId, "while paused");
  await bench.settled();
  await api(bob).resume({ webhookId });
  await bench
    .as(bob)
    .notifications.setPreference({ kind: "order.failed", inApp: false, webhook: true });
  await cancelled(bob.userId, "third");
  await until("the third", () =>
    Promise.resolve(hook.received.some(({ body }) => body.includes("third"))),
  );
  expect(hook.received.some(({ body }) => body.includes("while paused"))).toBe(false);
  const told = (await bench.as(bob).notifications.list()).notifications;
  expect(told.map(({ text }) => text.split(".")[0])).toEqual([
    "while paused Nothing was charged",
    "first Nothing was charged",
  ]);
});

test("what was sent comes in pages, newest first, each message once", async () => {
  const ann = await customerOf(bench, "ann");
  await using hook = await receiver(200);
  const { webhookId } = await api(ann).create({ url: hook.url });
  const made: string[] = [];
  for (let n = 0; n < 3; n++) made.unshift((await api(ann).test({ webhookId })).deliveryId);
  const first = await api(ann).deliveries({ webhookId, limit: 2 });
  const second = await api(ann).deliveries({ webhookId, limit: 2, before: made[1] });
  expect([...first, ...second].map(({ deliveryId }) => deliveryId)).toEqual(made);
});

test("nobody sees, tests, replays or removes another's webhooks", async () => {
  const ann = await customerOf(bench, "ann");
  const bob = await customerOf(bench, "bob");
  await using hook = await receiver(200);
  const { webhookId } = await api(ann).create({ url: hook.url });
  const { deliveryId } = await api(ann).test({ webhookId });
  expect(await api(bob).list()).toEqual([]);
  expect(await api(bob).deliveries({ webhookId })).toEqual([]);
  await expect(api(bob).test({ webhookId })).rejects.toThrow("no such webhook");
  await expect(api(bob).resume({ webhookId })).rejects.toThrow("no such webhook");
  await expect(api(bob).remove({ webhookId })).rejects.toThrow("no such webhook");
  await expect(api(bob).replay({ deliveryId })).rejects.toThrow("no such message");
  expect(JSON.stringify(await api(ann).list())).not.toContain("whsec_");
  expect(await api(ann).remove({ webhookId })).toEqual({ removed: true });
});
