import { randomUUID } from "node:crypto";
import { globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { expectAcknowledged, expectWishesObeyed } from "./acknowledged.ts";
import { Api, eventually } from "./api.ts";
import { installOn, uploadApk } from "./apk.ts";
import { Cell, type Part } from "./cell.ts";
import { expectInvariants, settle } from "./invariants.ts";
import { Load } from "./load.ts";
import { type LoggedEvent, wholeLog } from "./log.ts";
import { expectMetered } from "./metering.ts";

const [faketime] = globSync("/usr/lib/*/faketime/libfaketime.so.1");
const hourS = 3600;
const leaseMs = 60_000;
const purchaseDeadlineMs = 8000;

/** The wall clocks of hub and agent, which the test sets; the monotonic clock and that of the database stay true. */
async function clocks() {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-clocks-"));
  const fileOf = (part: Part): string => path.join(dir, part);
  const set = (part: Part, offsetS: number): Promise<void> =>
    writeFile(fileOf(part), `${offsetS < 0 ? "" : "+"}${offsetS}`);
  await set("hub", 0);
  await set("agent", 0);
  const envOf = (part: Part): Record<string, string> => ({
    LD_PRELOAD: faketime ?? "",
    FAKETIME_TIMESTAMP_FILE: fileOf(part),
    FAKETIME_CACHE_DURATION: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    FAKETIME_SKIP_CMDS: "postgres",
    NO_FAKE_STAT: "1",
  });
  return {
    set,
    env: {
      hub: { ...envOf("hub"), CLOUDPHONE_PURCHASE_DEADLINE_MS: String(purchaseDeadlineMs) },
      agent: envOf("agent"),
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

async function sell(cell: Cell, plan: { name: string; leaseMs?: number; properties?: object }) {
  const plans = await cell.admin.query<{ name: string; spec: object }[]>("plans.list");
  const { spec } = plans.find(({ name }) => name === "Hourly") ?? {};
  const { name, properties = {} } = plan;
  await cell.admin.mutate("plans.create", {
    name,
    priceMinor: 100,
    hourlyMinor: 100,
    leaseMs: plan.leaseMs ?? null,
    spec: { ...spec, properties },
    idempotencyKey: randomUUID(),
  });
}

const atMs = (events: readonly LoggedEvent[], type: string, orderId: string): number =>
  Date.parse(
    events.find((event) => event.type === type && event.subject === orderId)?.recordedAt ?? "",
  );

/** How far the clock of who said something last is from the database's. */
async function jumpedS(cell: Cell, stream: "host:" | "context:"): Promise<number> {
  const said = (await wholeLog(cell)).findLast((event) => event.stream.startsWith(stream));
  const { occurredAt = "", recordedAt = "" } = said ?? {};
  return (Date.parse(occurredAt) - Date.parse(recordedAt)) / 1000;
}

test("wall clocks of hub and host that jump by hours bill no second, end no lease and move no deadline", async (context) => {
  if (!faketime && process.env.CI !== "true") context.skip("libfaketime is not installed");
  await using wall = await clocks();
  await using cell = await Cell.start({ env: wall.env });
  try {
    await cell.hostReady();
    await uploadApk(cell);
    await sell(cell, { name: "Minute", leaseMs });
    await sell(cell, { name: "Never", properties: { "sim.failStart": "1" } });
    const load = new Load(cell, Math.random);
    const buy = (plan: string) => eventually(() => load.buy(plan), 60_000, `a phone of ${plan}`);
    const [steady, restless, short] = [
      await buy("Hourly"),
      await buy("Hourly"),
      await buy("Minute"),
    ];
    const early = new Api(() => cell.url);
    early.token = cell.customer.token;

    const jump = async (agentS: number, hubS: number): Promise<void> => {
      await wall.set("agent", agentS);
      await wall.set("hub", hubS);
      await eventually(async () => {
        await load.power(restless, restless.power === "running" ? "stopped" : "running");
        await settle(cell);
        const [agent, hub] = [await jumpedS(cell, "host:"), await jumpedS(cell, "context:")];
        return Math.abs(agent - agentS) < 60 && Math.abs(hub - hubS) < 60 ? true : null;
      });
    };
    const never = load.buy("Never");
    await jump(hourS, -hourS);
    expect(await installOn(cell, load, steady.deviceId)).toMatchObject({ status: "installed" });
    expect(await never, "it never runs").toBeNull();
    expect(await early.query("orders.list"), "a token from the future is good").toHaveLength(4);
    await jump(-hourS, hourS);
    await expect(early.query("orders.list"), "a token of an hour ago is over").rejects.toThrow();
    expect(await installOn(cell, load, steady.deviceId)).toMatchObject({ status: "installed" });
    await load.ask(cell.customer, "devices.screenshot", { device: steady.deviceId });
    await cell.killed("agent");
    await cell.hostReady();
    await eventually(
      async () => {
        const released = (await wholeLog(cell)).some(
          ({ type, subject }) => type === "device.released" && subject === short.orderId,
        );
        return released ? true : null;
      },
      leaseMs,
      "the end of the lease",
    );
    load.rentals.delete(short);
    await jump(0, 0);
    await expectWishesObeyed(cell, load);
    await load.endAll();
    await settle(cell);

    const events = await expectInvariants(cell);
    await expectMetered(cell, events, { wallClock: "jumps" });
    const leasedMs =
      atMs(events, "device.released", short.orderId) -
      atMs(events, "device.allocated", short.orderId);
    expect(leasedMs).toBeGreaterThanOrEqual(leaseMs - 1000);
    expect(leasedMs).toBeLessThan(leaseMs + 15_000);
    const { subject = "" } = events.find(({ type }) => type === "order.cancelled") ?? {};
    const waitedMs =
      atMs(events, "order.cancelled", subject) - atMs(events, "order.created", subject);
    expect(waitedMs).toBeGreaterThanOrEqual(purchaseDeadlineMs);
    expect(waitedMs).toBeLessThan(purchaseDeadlineMs + 15_000);
    await expectAcknowledged(cell, load, events);
  } catch (error) {
    throw new Error(await cell.account(), { cause: error });
  }
});
