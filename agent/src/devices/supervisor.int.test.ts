import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Desired, Power } from "@cloudphone/shared/device";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createAdb } from "../adb/open.ts";
import { agentConfigSchema } from "../config.ts";
import { openProviders } from "../providers/catalog.ts";
import { systemSource } from "../source.ts";
import { openStore, type OpenStore } from "../store/open.ts";
import { systemClock } from "../usage/clock.ts";
import { Fleet } from "./fleet.ts";
import { startHost, wish as wishOf } from "./testing.ts";

const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const hostId = "018f3c5a-0000-7000-8000-000000000001";

const wish = (revision: number, power: Power, bootDelayMs: number): Desired => ({
  v: 1,
  deviceId,
  hostId,
  name: "phone-1",
  revision,
  existence: "present",
  power,
  spec: {
    provider: "simulated",
    image: "sim-13",
    width: 360,
    height: 640,
    dpi: 160,
    memoryMiB: 512,
    cpus: 1,
    properties: { "sim.bootDelayMs": String(bootDelayMs) },
  },
  token: 0,
  lease: null,
  correlationId: deviceId,
});

/** A host of simulated phones. A boot is given far more time than the tests take. */
async function host(): Promise<{ store: OpenStore; fleet: Fleet }> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "supervisor-"));
  const logger = pino({ level: "silent" });
  const store = openStore(path.join(dataDir, "agent.db"), { source: systemSource, logger });
  const adb = createAdb();
  const providers = await openProviders(
    agentConfigSchema.parse({ dataDir, docker: { host: "off" } }),
    { hostId, adb, logger },
  );
  const fleet = new Fleet({
    store,
    adb,
    providers,
    clock: systemClock(),
    source: systemSource,
    logger,
    bootDeadlineMs: 300_000,
    strayGraceMs: 600_000,
    isLinked: () => false,
  });
  fleet.start();
  onTestFinished(async () => {
    await fleet.stop();
    for (const provider of providers.values()) await provider.close();
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { store, fleet };
}

async function until(store: OpenStore, state: string): Promise<void> {
  for (const end = performance.now() + 20_000; ; ) {
    if (store.read((tx) => tx.device(deviceId))?.state === state) return;
    expect(performance.now(), `the phone is ${state} in time`).toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("a phone that is switched off and on while it boots is not waited for in vain", async () => {
  const { store, fleet } = await host();
  await fleet.take(wish(1, "running", 1500));
  await until(store, "starting");
  await fleet.find(deviceId)?.restart({ token: 0, signal: AbortSignal.timeout(30_000) });
  expect(store.read((tx) => tx.device(deviceId))?.state).toBe("running");
  expect(store.read((tx) => tx.run(deviceId))).not.toBeNull();
});

test("a phone that is to be off is switched off while it still boots", async () => {
  const { store, fleet } = await host();
  await fleet.take(wish(1, "running", 250_000));
  await until(store, "starting");
  await fleet.take(wish(2, "stopped", 250_000));
  await until(store, "stopped");
  expect(store.read((tx) => tx.run(deviceId))).toBeNull();
});

test("a restart ends the run it found and begins one, with none between", async () => {
  const { store, fleet } = await host();
  await fleet.take(wish(1, "running", 50));
  await until(store, "running");
  await fleet.find(deviceId)?.restart({ token: 0, signal: AbortSignal.timeout(30_000) });
  const types = store.outbox
    .readAfter(0, { maxRows: 100, maxBytes: 1e6 })
    .map(({ event }) => (JSON.parse(event) as { type: string }).type)
    .filter((type) => type !== "device.state.changed");
  expect(types).toEqual(["device.started", "device.stopped", "device.started"]);
});

test("a crash that is noticed late is billed to the phone's own end, whatever the running mark says", async () => {
  const { store, fleet } = await host();
  const first = wish(1, "running", 50);
  const properties = { ...first.spec.properties, "sim.crashAfterMs": "1500" };
  await fleet.take({ ...first, spec: { ...first.spec, properties } });
  await until(store, "running");
  await store.transaction((tx) => {
    const run = tx.run(deviceId);
    if (run) tx.putRun({ ...run, confirmedMs: 60_000 });
  });
  const stopped = (): { data: { durationMs: number; reason: string } } | undefined =>
    store.outbox
      .readAfter(0, { maxRows: 100, maxBytes: 1e6 })
      .map(
        ({ event }) =>
          JSON.parse(event) as { type: string; data: { durationMs: number; reason: string } },
      )
      .find(({ type }) => type === "device.stopped");
  await expect.poll(stopped, { timeout: 20_000 }).toBeDefined();
  expect(stopped()?.data.reason).toBe("crashed");
  expect(stopped()?.data.durationMs).toBeLessThanOrEqual(1500);
});

test("what the store lets the end of a crashed run wait for is not billed", async () => {
  await using switched = startHost();
  const { store, fleet, clock, provider } = switched;
  await fleet.take(wishOf());
  await switched.until(() => store.read((tx) => tx.device(deviceId))?.state === "stopped");
  await store.transaction((tx) =>
    tx.putRun({
      runId: systemSource.id(),
      deviceId,
      lease: null,
      startedAt: new Date(0).toISOString(),
      bootId: clock.bootId,
      startedMonoMs: clock.nowMs(),
      confirmedMs: 0,
      instanceId: "of the run",
      cause: { correlationId: deviceId, causationId: null },
    }),
  );
  clock.nowMsValue += 5000;
  provider.observe = async () => {
    // After the answer, and before any transaction that it leads to.
    setImmediate(() => (clock.nowMsValue += 60_000));
    return { state: "stopped", endedAgoMs: 2000 };
  };
  fleet.find(deviceId)?.urge();
  await switched.until(() => switched.events().some(({ type }) => type === "device.stopped"));
  expect(switched.events().find(({ type }) => type === "device.stopped")?.data).toMatchObject({
    reason: "crashed",
    durationMs: 3000,
  });
});
