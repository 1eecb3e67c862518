import type { Id } from "@cloudphone/shared/ids";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { customerOf } from "../testing-customers.ts";
import { admin, allocateRequest, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
let hosts: Id[] = [];
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());
// Each test's hosts go away with it: the next one's orders must not find room there.
afterEach(async () => {
  for (const hostId of hosts.splice(0)) {
    await bench.as(admin).hosts.remove({ hostId, reason: "test over" });
    await bench.heard("host.removed", hostId);
  }
  await bench.settled();
});

async function hostFor(capacity: number): Promise<Id> {
  const { hostId } = await bench.host(capacity);
  hosts.push(hostId);
  return hostId;
}

/** An order, and what became of its wish for a phone. */
async function ordered(labels: Record<string, string> = {}) {
  const request = allocateRequest();
  const data = { ...request.data, labels, leaseMs: 3_600_000 };
  await bench.say("context:billing", { ...request, data });
  const orderId = request.subject;
  const answer = await until("an answer", async () => {
    const types = ["device.allocated", "device.allocate.failed"];
    return (await bench.log.read({ after: 0, limit: 1, types, subject: orderId }))[0];
  });
  return { orderId, userId: request.data.userId, answer };
}

const drain = (hostId: Id, leases: "keep" | "end" | "move") =>
  bench.as(admin).hosts.drain({ hostId, leases, reason: "new memory" });

const phoneOf = async (orderId: Id) =>
  (await bench.as(admin).devices.list()).find(({ lease }) => lease?.orderId === orderId);

test("nothing new is placed on a host that is emptied, what runs there stays, and it can be taken back", async () => {
  const hostId = await hostFor(3);
  const kept = await ordered();
  await bench.as(admin).hosts.drain({ hostId, reason: "new memory" });
  const refused = await ordered();
  expect(refused.answer.data).toMatchObject({ reason: "No host is connected." });
  expect(await phoneOf(kept.orderId)).toMatchObject({ hostId, power: "running" });
  expect(await bench.as(admin).hosts.show({ host: hostId })).toMatchObject({
    drain: { leases: "keep", reason: "new memory" },
    leases: 1,
  });
  await bench.as(admin).hosts.undrain({ hostId });
  expect((await ordered()).answer.type).toBe("device.allocated");
  await expect(bench.as(admin).hosts.undrain({ hostId })).rejects.toThrow("not being emptied");
});

test("leases end with their reason when they are to end, and the host says that it is empty", async () => {
  const hostId = await hostFor(3);
  const { orderId } = await ordered();
  await drain(hostId, "end");
  const released = await bench.heard("device.released", orderId);
  expect(released.data.reason).toBe("The phone's host is being emptied: new memory");
  await bench.heard("host.drained", hostId);
  expect(await phoneOf(orderId)).toBeUndefined();
});

test("a lease moves to another host with what is left of its time, under a new token; the old phone is switched off", async () => {
  const from = await hostFor(1);
  const { orderId, userId, answer } = await ordered();
  const to = await hostFor(1);
  await drain(from, "move");
  const { data } = await bench.heard("device.moved", orderId);
  expect(data).toMatchObject({ hostId: to, userId, from: { hostId: from } });
  expect(data.deviceId).not.toBe(answer.data.deviceId);
  await bench.heard("host.drained", from);
  const phone = await phoneOf(orderId);
  expect(phone).toMatchObject({ hostId: to, power: "running" });
  const leftMs = Date.parse(phone?.lease?.expiresAt ?? "") - Date.parse(phone?.lease?.since ?? "");
  expect(leftMs).toBeGreaterThan(0);
  expect(leftMs).toBeLessThanOrEqual(3_600_000);
  const old = await bench.as(admin).devices.show({ device: String(answer.data.deviceId) });
  expect(old).toMatchObject({ power: "stopped", clean: false, lease: null });
  const types = ["device.released"];
  expect(await bench.log.read({ after: 0, limit: 9, types, subject: orderId })).toEqual([]);
});

test("a lease that finds no other phone stays where it is until there is one", async () => {
  const from = await hostFor(1);
  const { orderId } = await ordered();
  await drain(from, "move");
  const to = await hostFor(1);
  await bench.heard("device.moved", orderId);
  expect(await phoneOf(orderId)).toMatchObject({ hostId: to });
});

test("customers may not empty hosts, and a host that nobody knows is said to be none", async () => {
  const customer = await customerOf(bench, "ann");
  const hostId = systemSource.id();
  const wish = { hostId, reason: "for fun" };
  await expect(bench.as(customer).hosts.drain(wish)).rejects.toThrow("hosts.drain");
  await expect(bench.as(admin).hosts.drain(wish)).rejects.toThrow("There is no such host");
});
