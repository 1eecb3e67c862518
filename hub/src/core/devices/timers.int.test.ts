import type { Desired } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Id } from "@cloudphone/shared/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { customerOf, leaseTo } from "../testing-customers.ts";
import { admin, allocateRequest, type BenchHost, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
let host: BenchHost;
beforeAll(async () => {
  bench = await startCore();
  host = await bench.host(8);
});
afterAll(() => bench[Symbol.asyncDispose]());

const hourMs = 3_600_000;

const renewed = (orderId: Id, userId: Id, leaseMs: number) =>
  bench.say("context:billing", {
    type: "order.renewed",
    subject: orderId,
    data: { orderId, sagaId: orderId, userId, period: 2, leaseMs, amountMinor: 1, currency: "CNY" },
  });

/** The newest wish of a phone that its host was sent. */
const wish = (deviceId: Id, fits: (desired: Desired) => boolean) =>
  until("the wish", () =>
    Promise.resolve(
      bench.published
        .map(({ message }) => message as Desired | null)
        .findLast(
          (one) => one?.deviceId === deviceId && one.v === 1 && "existence" in one && fits(one),
        ),
    ),
  );

test("a renewed order's lease lasts longer, its host is told in a new term; one that is over is said to be", async () => {
  const request = allocateRequest();
  const { userId } = request.data;
  const orderId = request.subject;
  await bench.say("context:billing", { ...request, data: { ...request.data, leaseMs: hourMs } });
  const allocated = await bench.heard("device.allocated", orderId);
  const end = Date.parse(String(allocated.data.expiresAt));
  await renewed(orderId, userId, 2 * hourMs);
  const { data } = await bench.heard("device.lease.extended", orderId);
  expect(Date.parse(String(data.expiresAt)) - end).toBe(2 * hourMs);
  const told = await wish(String(data.deviceId), ({ lease }) => lease?.term === 2);
  expect(told.lease?.remainingMs).toBeGreaterThan(2 * hourMs);
  await bench.say("context:billing", {
    type: "device.release.requested",
    subject: orderId,
    data: { orderId, reason: "over" },
  });
  await bench.heard("device.released", orderId);
  await renewed(orderId, userId, hourMs);
  expect((await bench.heard("device.lease.extend.failed", orderId)).data).toMatchObject({
    period: 2,
  });
});

async function phoneOf(caller: Caller) {
  const deviceId = await leaseTo(bench, caller);
  const run = { deviceId, runId: systemSource.id(), lease: null, userId: null };
  await bench.say(host.stream, {
    type: "device.started",
    subject: deviceId,
    data: { ...run, startedAt: "2026-11-23T08:00:00.000Z" },
  });
  await bench.settled();
  return deviceId;
}

const timer = (name: string) => bench.core.timers.find((one) => one.name === name);

test("a phone that nobody has used for as long as its customer wished is switched off, a used one is not", async () => {
  const ann = await customerOf(bench, "ann");
  const [idle, used, kept] = [await phoneOf(ann), await phoneOf(ann), await phoneOf(ann)];
  for (const device of [idle, used])
    await bench.as(ann).devices.setIdleStop({ device, minutes: 10 });
  const { query } = bench.databases.core;
  await query`update leases set period = tstzrange(lower(period) - interval '1 hour', null) where user_id = ${ann.userId}`;
  await query`update devices set updated_at = updated_at - interval '11 minutes' where id = any(${[idle, kept]}::uuid[])`;
  await timer("core.devices.idle-stop")?.run();
  const { data } = await bench.heard("device.idle.stopped", idle);
  expect(data).toEqual({ deviceId: idle, userId: ann.userId, minutes: 10 });
  const powers = new Map(
    (await bench.as(ann).devices.list()).map(({ deviceId, power }) => [deviceId, power]),
  );
  expect([idle, used, kept].map((device) => powers.get(device))).toEqual([
    "stopped",
    "running",
    "running",
  ]);
  await bench.settled();
  const [told] = (await bench.as(ann).notifications.list()).notifications;
  expect(told).toMatchObject({ kind: "phone.idle", refs: { deviceId: idle } });
  const bob = await customerOf(bench, "bob");
  await expect(bench.as(bob).devices.setIdleStop({ device: idle, minutes: 1 })).rejects.toThrow(
    "You have no phone",
  );
});

test("phones of a customer whose limit is reached go off and stay off until it is not", async () => {
  const ann = await customerOf(bench, "ann");
  const device = await phoneOf(ann);
  const { userId } = ann;
  const money = { limitMinor: 100, spentMinor: 100, currency: "CNY" };
  await bench.say("context:billing", {
    type: "wallet.limit.reached",
    subject: userId,
    data: { userId, ...money },
  });
  await bench.settled();
  expect(await bench.as(ann).devices.show({ device })).toMatchObject({ power: "stopped" });
  await expect(bench.as(ann).devices.start({ device })).rejects.toThrow("spending limit");
  await bench.say("context:billing", {
    type: "wallet.limit.cleared",
    subject: userId,
    data: { userId },
  });
  await bench.settled();
  expect(await bench.as(ann).devices.start({ device })).toMatchObject({ power: "running" });
});

test("an operator says how many phones wait for customers, and it is kept, whatever the configuration says", async () => {
  const spec = { ...samplePhone, width: samplePhone.width + 1 };
  const pools = bench.as(admin).pools;
  await pools.set({ spec, target: 2 });
  await until("two phones", async () => (await pools.list()).find(({ on }) => on === 2));
  await pools.set({ spec: { ...spec }, target: 1 });
  const [pool] = await until("one phone", async () => {
    const list = await pools.list();
    return list.length === 1 && list[0]?.on === 1 && list;
  });
  expect(pool).toMatchObject({ target: 1, changedBy: admin.email });
  const ann = await customerOf(bench, "ann");
  await expect(bench.as(ann).pools.set({ spec, target: 9 })).rejects.toThrow("devices.create");
});
