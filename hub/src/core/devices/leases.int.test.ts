import type { LeaseRef } from "@cloudphone/shared/device";
import type { EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Id } from "@cloudphone/shared/ids";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { HandlerContext } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import { systemSource } from "../../platform/source.ts";
import { envelopeOf, until } from "../../platform/testing.ts";
import { admin, allocateRequest, type BenchHost, type CoreBench, startCore } from "../testing.ts";
import { leaseConsumer } from "./leases.ts";

const billing = "context:billing";

let bench: CoreBench;
let hosts: BenchHost[] = [];
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());

// Each test's host goes away with it: the next one's orders must not find room there.
afterEach(async () => {
  for (const { hostId } of hosts.splice(0)) {
    await bench.as(admin).hosts.remove({ hostId, reason: "test over" });
    await bench.heard("host.removed", hostId);
    await until("its devices to be gone", async () => {
      const rows = await bench.databases.core.query`
        select 1 from devices where host_id = ${hostId} and existence = 'present'`;
      return rows.length === 0;
    });
  }
});

async function hostFor(capacity: number): Promise<BenchHost> {
  const host = await bench.host(capacity);
  hosts.push(host);
  return host;
}

interface Allocated {
  readonly orderId: Id;
  readonly deviceId: Id;
  readonly lease: LeaseRef;
}

async function allocated(): Promise<Allocated> {
  const request = allocateRequest();
  await bench.say(billing, request);
  const { data } = await bench.heard("device.allocated", request.subject);
  return {
    orderId: request.subject,
    deviceId: String(data.deviceId),
    lease: data.lease as LeaseRef,
  };
}

const release = (orderId: Id): EventDraft<"device.release.requested"> => ({
  type: "device.release.requested",
  subject: orderId,
  data: { orderId, reason: "over" },
});

const wiped = (deviceId: Id, token: number): EventDraft<"device.wiped"> => ({
  type: "device.wiped",
  subject: deviceId,
  data: { deviceId, token },
});

const cleanOf = async (deviceId: Id): Promise<boolean | undefined> => {
  const [row] = await bench.databases.core.query<{ clean: boolean }>`
    select clean from devices where id = ${deviceId}`;
  return row?.clean;
};

/** One order's allocation in a transaction of its own, as another hub would make it at the same time. */
async function allocateAlone(): Promise<string> {
  const draft = allocateRequest();
  const event = { ...envelopeOf(draft), position: 1, stream: billing, seq: 1, recordedAt: "" };
  return bench.databases.core.transaction(async (tx) => {
    let outcome = "nothing";
    const context: HandlerContext = {
      tx,
      source: systemSource,
      emit: async (...drafts) => {
        outcome = drafts.find(({ subject }) => subject === draft.subject)?.type ?? outcome;
        const cause = { correlationId: systemSource.id(), causationId: null };
        await emit(tx, drafts, { cause, source: systemSource });
      },
    };
    await leaseConsumer(bench.deps).on["device.allocate.requested"]?.(
      event as unknown as RecordedEvent<"device.allocate.requested">,
      context,
    );
    return outcome;
  });
}

test("of purchases that ask at once for the one phone there is, one gets it and the others are told why not", async () => {
  await hostFor(1);
  const outcomes = await Promise.all(Array.from({ length: 5 }, allocateAlone));
  expect(outcomes.toSorted()).toEqual([
    ...Array.from({ length: 4 }, () => "device.allocate.failed"),
    "device.allocated",
  ]);
});

test("two leases of one phone at one time are refused by the database, whoever writes them", async () => {
  await hostFor(1);
  const { deviceId } = await allocated();
  const lease = (from: string, to: string | null) => bench.databases.core.query`
    insert into leases (id, device_id, user_id, order_id, token, period)
    values (${systemSource.id()}, ${deviceId}, ${systemSource.id()}, ${systemSource.id()}, 99,
      tstzrange(${from}::timestamptz, ${to}::timestamptz))`;
  await expect(lease("2030-01-01", null)).rejects.toThrow("leases_exclusive");
  await expect(lease("2020-01-01", "2040-01-01")).rejects.toThrow("leases_exclusive");
  await lease("2020-01-01", "2020-01-02");
});

test("an order that asks twice gets one phone", async () => {
  await hostFor(3);
  const request = allocateRequest();
  await bench.say(billing, request, request);
  await bench.heard("device.allocated", request.subject);
  await bench.settled();
  const told = await bench.log.read({
    after: 0,
    limit: 100,
    types: ["device.allocated"],
    subject: request.subject,
  });
  expect(told).toHaveLength(1);
  const parked = await bench.databases.core.query`
    select error from parked_events where subject = ${request.subject}`;
  expect(parked, "asking again is no failure").toEqual([]);
});

test("a phone that was given back is let again only after it was wiped, and then under a higher token", async () => {
  const { stream } = await hostFor(1);
  const first = await allocated();
  await bench.say(billing, release(first.orderId));
  await bench.heard("device.released", first.orderId);
  const early = allocateRequest();
  await bench.say(billing, early);
  expect((await bench.heard("device.allocate.failed", early.subject)).data).toMatchObject({
    reason: expect.stringContaining("taken"),
  });
  await bench.say(stream, wiped(first.deviceId, first.lease.token));
  await until("it to be clean", () => cleanOf(first.deviceId));
  const second = await allocated();
  expect(second.deviceId).toBe(first.deviceId);
  expect(second.lease.token).toBeGreaterThan(first.lease.token);
});

test("a wipe that is told of an earlier lease proves nothing about a later one", async () => {
  const { stream } = await hostFor(1);
  const first = await allocated();
  await bench.say(billing, release(first.orderId));
  await bench.heard("device.released", first.orderId);
  await bench.say(stream, wiped(first.deviceId, first.lease.token));
  await until("it to be clean", () => cleanOf(first.deviceId));
  const second = await allocated();
  await bench.say(billing, release(second.orderId));
  await bench.heard("device.released", second.orderId);
  // The first one's news again, late.
  await bench.say(stream, wiped(first.deviceId, first.lease.token));
  await bench.settled();
  expect(await cleanOf(first.deviceId)).toBe(false);
});

test("the end of a lease voids the commands that were open under it, and a late success does not revive them", async () => {
  const { stream, hostId } = await hostFor(1);
  const { deviceId, orderId, lease } = await allocated();
  const customer = { userId: lease.userId, email: "a@example.com", role: "customer" as const };
  const { commandId } = await bench
    .as(customer)
    .devices.screenshot({ device: deviceId, idempotencyKey: systemSource.id() });
  await until("the command to be sent", async () =>
    bench.published.find(
      ({ topic, message }) =>
        topic.includes(hostId) && (message as { id?: string } | null)?.id === commandId,
    ),
  );
  await bench.say(billing, release(orderId));
  await bench.heard("device.released", orderId);
  const state = () => bench.as(admin).devices.command({ commandId });
  expect(await state()).toMatchObject({ state: "failed", code: "stale_lease" });
  await bench.say(stream, {
    type: "device.screenshot.taken",
    subject: deviceId,
    data: { commandId, deviceId, sha256: "ab".repeat(32), bytes: 1, width: 1, height: 1 },
  });
  await bench.settled();
  expect(await state()).toMatchObject({ state: "failed", code: "stale_lease" });
});

test("a command that its host's agent does not know has failed, with what to do about it", async () => {
  const { stream } = await hostFor(1);
  const { deviceId, lease } = await allocated();
  const customer = { userId: lease.userId, email: "a@example.com", role: "customer" as const };
  const { commandId } = await bench
    .as(customer)
    .devices.screenshot({ device: deviceId, idempotencyKey: systemSource.id() });
  const reason = "The agent of the phone's host does not know device.screenshot; upgrade it.";
  await bench.say(stream, {
    type: "device.command.refused",
    subject: deviceId,
    data: { commandId, deviceId, code: "unsupported", reason },
  });
  const found = await until("its end", async () => {
    const command = await bench.as(admin).devices.command({ commandId });
    return command.state === "failed" && command;
  });
  expect(found).toMatchObject({ code: "unsupported", reason });
});

test("a lease with an end is over by the database's clock, and its phone is to be stopped", async () => {
  await hostFor(1);
  const request = allocateRequest();
  await bench.say(billing, { ...request, data: { ...request.data, leaseMs: 1 } });
  const { data } = await bench.heard("device.released", request.subject);
  expect(data).toMatchObject({ reason: "The lease ran out." });
  const [row] = await bench.databases.core.query<{ power: string }>`
    select power from devices where id = ${String(data.deviceId)}`;
  expect(row?.power).toBe("stopped");
});

test("a host's removal ends its leases", async () => {
  const host = await bench.host(1);
  const { orderId } = await allocated();
  await bench.as(admin).hosts.remove({ hostId: host.hostId, reason: "broken" });
  expect((await bench.heard("device.released", orderId)).data).toMatchObject({
    reason: "The phone's host was removed.",
  });
  expect(await bench.core.verifyHost(host.hostId, host.secret)).toBe(false);
});

test("a phone is made where its kind is offered", async () => {
  await hostFor(1);
  const request = allocateRequest();
  const spec = { ...samplePhone, provider: "docker" };
  await bench.say(billing, { ...request, data: { ...request.data, spec } });
  expect((await bench.heard("device.allocate.failed", request.subject)).data).toMatchObject({
    reason: "No connected host offers such a phone.",
  });
});

test("a long list of devices is read page by page, narrowed down, and counted", async () => {
  const { hostId } = await hostFor(5);
  await bench.databases.core.query`
    insert into devices (id, name, host_id, provider, spec, power, state)
    select uuidv7(), 'shelf 50%-' || n, ${hostId}, 'simulated', ${JSON.stringify(samplePhone)}::jsonb, 'stopped',
      case when n <= 3 then 'failed' else 'stopped' end
    from generate_series(1, 7) n`;
  const { devices } = bench.as(admin);
  const names: string[] = [];
  for (let before: Id | undefined; ; ) {
    const page = await devices.page({ hostId, limit: 3, ...(before && { before }) });
    names.push(...page.map(({ name }) => name));
    expect(new Set(page.map(({ hostName }) => hostName)).size).toBe(1);
    before = page.at(-1)?.deviceId;
    if (page.length < 3) break;
  }
  expect(names.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `shelf 50%-${n}`));
  const found = async (filter: Parameters<typeof devices.page>[0]) =>
    (await devices.page({ hostId, ...filter })).map(({ name }) => name);
  expect(await found({ search: "50%-7" })).toEqual(["shelf 50%-7"]);
  expect(await found({ search: "5_%" })).toEqual([]);
  expect(await found({ state: "failed" })).toHaveLength(3);
  expect(await found({ leased: true })).toEqual([]);
  const counts = await devices.count();
  expect(counts).toMatchObject({ leased: 0, byState: { failed: 3 } });
  expect(Object.values(counts.byState).reduce((sum, n) => sum + n, 0)).toBe(counts.total);
  const customer = { ...admin, role: "customer" as const };
  await expect(bench.as(customer).devices.page()).rejects.toThrow("customers.all");
  await bench.databases.core
    .query`update devices set existence = 'absent' where host_id = ${hostId}`;
});
