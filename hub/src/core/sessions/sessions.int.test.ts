import { randomUUID } from "node:crypto";
import type { Id } from "@cloudphone/shared/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { admin, allocateRequest, type BenchHost, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
let host: BenchHost;
beforeAll(async () => {
  bench = await startCore();
  host = await bench.host(20);
});
afterAll(async () => {
  await bench.core.stop();
  await bench[Symbol.asyncDispose]();
});

/** A customer with a phone of his own. */
async function customer(): Promise<{ caller: Caller; device: Id; orderId: Id }> {
  const request = allocateRequest();
  await bench.say("context:billing", request);
  const { data } = await bench.heard("device.allocated", request.subject);
  const { userId, orderId } = request.data;
  const caller: Caller = { userId, email: "ann@example.com", role: "customer" };
  return { caller, device: String(data.deviceId), orderId };
}

const open = (caller: Caller, device: Id) =>
  bench.as(caller).sessions.open({ device, purpose: "adb", idempotencyKey: randomUUID() });

/** Whether the relay would let this ticket in. */
const admit = (ticket: string) => bench.core.sockets[0]?.admit([ticket]);

/** What the phone's host was told of a session. */
const told = (sessionId: Id) =>
  until("the host to be told", async () => {
    const found = bench.published
      .map(
        ({ message }) =>
          message as {
            type?: string;
            id: Id;
            token: number;
            data: { sessionId: Id; ticket: string };
          } | null,
      )
      .find((message) => message?.type === "session.open" && message.data.sessionId === sessionId);
    return found ?? undefined;
  });

test("a session is a row, an event, a ticket for each side and a command under the lease's token", async () => {
  const { caller, device } = await customer();
  const { sessionId, ticket } = await open(caller, device);
  const command = await told(sessionId);
  expect(command.token).toBe(1);
  expect(command.data.ticket).not.toBe(ticket);
  await expect(admit(ticket)).resolves.toBeTypeOf("function");
  await expect(admit(command.data.ticket)).resolves.toBeTypeOf("function");
  expect((await bench.heard("session.open.requested", device)).data).toMatchObject({
    sessionId,
    userId: caller.userId,
  });
  expect(await bench.as(caller).sessions.list()).toMatchObject([{ sessionId, closedAt: null }]);
});

test("sessions come in pages, newest first, each once, and by their phone", async () => {
  const { caller, device } = await customer();
  const opened: Id[] = [];
  for (let n = 0; n < 3; n++) opened.push((await open(caller, device)).sessionId);
  await bench.databases.core.query`
    update sessions set opened_at = '2026-01-01' where user_id = ${caller.userId}`;
  const list = (page: object) => bench.as(caller).sessions.list({ limit: 2, ...page });
  const first = await list({});
  const second = await list({ before: first.at(-1)?.sessionId });
  expect(second).toHaveLength(1);
  const seen = [...first, ...second].map(({ sessionId }) => sessionId);
  expect(seen.toSorted()).toEqual(opened.toSorted());
  expect(await list({ device })).toEqual(first);
  expect(await list({ device: "another" })).toEqual([]);
});

test("another customer has no such phone, no such session, and can't close it", async () => {
  const { caller, device } = await customer();
  const { sessionId } = await open(caller, device);
  const other = (await customer()).caller;
  await expect(open(other, device)).rejects.toMatchObject({ cause: { code: "not_found" } });
  expect(await bench.as(other).sessions.list()).toEqual([]);
  await expect(bench.as(other).sessions.close({ sessionId })).rejects.toMatchObject({
    cause: { code: "not_found" },
  });
});

test("the lease's end makes both tickets worthless, though their minute is not over", async () => {
  const { caller, device, orderId } = await customer();
  const { sessionId, ticket } = await open(caller, device);
  const command = await told(sessionId);
  await bench.say("context:billing", {
    type: "device.release.requested",
    subject: orderId,
    data: { orderId, reason: "over" },
  });
  await bench.heard("device.released", orderId);
  for (const each of [ticket, command.data.ticket])
    await expect(admit(each)).rejects.toMatchObject({ code: "stale_lease" });
  const ended = await bench.heard("session.closed", device);
  expect(ended.data).toMatchObject({ sessionId, reason: "lease_over" });
});

test("an operator's session in a customer's phone ends with the lease, as the customer's own do", async () => {
  const { device, orderId, caller } = await customer();
  const { ticket } = await open(admin, device);
  await expect(admit(ticket)).resolves.toBeTypeOf("function");
  await bench.say("context:billing", {
    type: "device.release.requested",
    subject: orderId,
    data: { orderId, reason: "over" },
  });
  await bench.heard("device.released", orderId);
  await expect(admit(ticket)).rejects.toMatchObject({ code: "stale_lease" });
  await expect(open(caller, device)).rejects.toMatchObject({ cause: { code: "not_found" } });
});

test("what its host could not open says why to whoever dials", async () => {
  const { caller, device } = await customer();
  const { sessionId, ticket } = await open(caller, device);
  const command = await told(sessionId);
  await bench.say(host.stream, {
    type: "session.open.failed",
    subject: device,
    data: {
      commandId: command.id,
      deviceId: device,
      code: "device_not_running",
      reason: "The phone is not running.",
    },
  });
  expect((await bench.heard("session.closed", device)).data).toMatchObject({ reason: "refused" });
  await expect(admit(ticket)).rejects.toMatchObject({ message: "The phone is not running." });
});

test("a customer has so many sessions at once, and one more when one is closed", async () => {
  const { caller, device } = await customer();
  const opened = [];
  for (let n = 0; n < 16; n++) opened.push(await open(caller, device));
  await expect(open(caller, device)).rejects.toMatchObject({ cause: { code: "conflict" } });
  const sessionId = opened[0]?.sessionId ?? systemSource.id();
  expect(await bench.as(caller).sessions.close({ sessionId })).toMatchObject({
    reason: "ended_by_user",
  });
  await open(caller, device);
});

const share = (caller: Caller, device: Id, minutes = 5) =>
  bench.as(caller).shares.create({ device, minutes, idempotencyKey: randomUUID() });

const visit = (link: string) => bench.as(null).shares.open({ link });
const linkOver = { cause: { code: "not_found" } };

test("whoever has a link looks at the phone without an account, may only look, and no longer once the link is taken back", async () => {
  const { caller, device } = await customer();
  const { link, shareId, expiresAt } = await share(caller, device);
  const { sessionId, ticket, ...visited } = await visit(link);
  expect(visited).toEqual({
    ...{ iceServers: [], relayOnly: false, expiresAt },
    device: expect.any(String),
  });
  const { data } = await told(sessionId);
  expect(data).toMatchObject({ purpose: "screen", staff: false, screen: { viewOnly: true } });
  await expect(admit(ticket)).resolves.toBeTypeOf("function");
  const other = (await customer()).caller;
  expect(await bench.as(other).shares.list()).toEqual([]);
  await expect(bench.as(other).shares.revoke({ shareId })).rejects.toMatchObject(linkOver);
  expect(await bench.as(caller).shares.list()).toMatchObject([{ shareId, visitors: 1 }]);
  expect(await bench.as(caller).sessions.list()).toMatchObject([{ sessionId, shareId }]);
  for (let time = 0; time < 2; time++) await bench.as(caller).shares.revoke({ shareId });
  await expect(visit(link)).rejects.toMatchObject(linkOver);
  await expect(admit(ticket)).rejects.toMatchObject({ code: "interrupted" });
  expect(await bench.as(caller).shares.list()).toEqual([]);
  expect((await bench.heard("session.closed", device)).data).toMatchObject({ sessionId });
});

test("a link lets five people look at once", async () => {
  const { caller, device } = await customer();
  const { link } = await share(caller, device);
  const visits = await Promise.allSettled(Array.from({ length: 8 }, () => visit(link)));
  expect(visits.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  await expect(visit(link)).rejects.toMatchObject({ cause: { code: "unavailable" } });
});

test("a link ends with the lease, and is made by nobody but whoever has it", async () => {
  const { caller, device, orderId } = await customer();
  await expect(share(admin, device)).rejects.toMatchObject({ cause: { code: "forbidden" } });
  await expect(share((await customer()).caller, device)).rejects.toMatchObject(linkOver);
  const { link } = await share(caller, device);
  const { ticket } = await visit(link);
  await bench.say("context:billing", {
    type: "device.release.requested",
    subject: orderId,
    data: { orderId, reason: "over" },
  });
  await bench.heard("device.released", orderId);
  await expect(visit(link)).rejects.toMatchObject(linkOver);
  await expect(admit(ticket)).rejects.toMatchObject({ code: "stale_lease" });
});

test("a link ends by itself, with what goes on by it", async () => {
  const { caller, device } = await customer();
  const { link, shareId } = await share(caller, device);
  const { ticket, sessionId } = await visit(link);
  await bench.databases.core.query`
    update shares set expires_at = clock_timestamp() where id = ${shareId}`;
  await expect(visit(link)).rejects.toMatchObject(linkOver);
  await expect(admit(ticket)).rejects.toMatchObject({ code: expect.any(String) });
  const closed = await bench.heard("session.closed", device);
  expect(closed.data).toMatchObject({ sessionId, reason: "ended_by_user" });
});
