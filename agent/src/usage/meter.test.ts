import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Desired } from "@cloudphone/shared/device";
import type { Source } from "@cloudphone/shared/ids";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemSource } from "../source.ts";
import { openStore, type OpenStore } from "../store/open.ts";
import type { DeviceRow } from "../store/store.ts";
import type { MonoClock } from "./clock.ts";
import { Meter } from "./meter.ts";
import { closeRun, confirmed, openRun } from "./runs.ts";

const logger = pino({ level: "silent" });
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const instanceId = "i1";

const desired: Desired = {
  v: 1,
  deviceId,
  hostId: deviceId,
  name: "phone-1",
  revision: 1,
  existence: "present",
  power: "running",
  spec: samplePhone,
  token: 0,
  lease: null,
  correlationId: deviceId,
};

const device = (leaseRemainingMs: number | null): DeviceRow => ({
  deviceId,
  desired,
  handle: null,
  state: "running",
  reason: null,
  dataLeaseId: null,
  leaseRemainingMs,
});

/** A host with one device in an open run, its store on disk and its clocks in the test's hand. */
async function setup(leaseRemainingMs: number | null = null) {
  const dir = mkdtempSync(path.join(os.tmpdir(), "meter-"));
  const file = path.join(dir, "agent.db");
  const time = { monoMs: 1_000_000, wallMs: 1_800_000_000_000, alive: true, sinceSeenMs: 0 };
  const source: Source = { ...systemSource, now: () => time.wallMs };
  const clock: MonoClock = { nowMs: () => time.monoMs, bootId: "boot-1" };
  const over: string[] = [];
  const open = (): OpenStore => openStore(file, { source, logger, ballastBytes: 4096 });
  const store = open();
  const close = store.close.bind(store);
  onTestFinished(async () => {
    await close().catch(() => undefined);
    rmSync(dir, { recursive: true, force: true });
  });
  const row = device(leaseRemainingMs);
  await store.transaction((tx) => {
    tx.putDevice(row);
    openRun(tx, row, { instanceId, clock, source });
  });
  const meter = new Meter({
    store,
    clock,
    logger,
    aliveAt: () => (time.alive ? time.monoMs - time.sinceSeenMs : null),
    onLeaseOver: (id) => void over.push(id),
  });
  const pass = async (ms: number): Promise<void> => {
    time.monoMs += ms;
    time.wallMs += ms;
    await meter.mark();
  };
  const events = (from = store) =>
    from.outbox
      .readAfter(0, { maxRows: 1000, maxBytes: 1e7 })
      .map(({ event }) => JSON.parse(event) as { type: string; data: { durationMs?: number } });
  const run = () => {
    const found = store.read((tx) => tx.run(deviceId));
    if (!found) throw new Error("there is no open run");
    return found;
  };
  return { store, open, clock, time, over, pass, events, run };
}

describe("the meter", () => {
  it("measures the same whatever happens to the wall clock", async () => {
    const { time, pass, run } = await setup();
    await pass(1000);
    time.wallMs += 86_400_000;
    await pass(1000);
    time.wallMs -= 10 * 86_400_000;
    await pass(1000);
    expect(run().confirmedMs).toBe(3000);
  });

  it("confirms no second in which the device was not seen alive", async () => {
    const { time, pass, run } = await setup();
    await pass(1000);
    time.alive = false;
    await pass(60_000);
    expect(run().confirmedMs).toBe(1000);
  });

  it("tells the hub no second beyond the one in which the device was last seen alive", async () => {
    const { time, pass, events } = await setup();
    time.sinceSeenMs = 4000;
    for (let second = 0; second < 70; second++) await pass(1000);
    const told = events().filter(({ type }) => type === "device.usage.confirmed");
    expect(told.map(({ data }) => data.durationMs)).toEqual([60_000]);
    expect(told).toHaveLength(1);
  });

  it("tells the hub once a minute how long the run has lasted", async () => {
    const { pass, events } = await setup();
    for (let second = 0; second < 125; second++) await pass(1000);
    const told = events().filter(({ type }) => type === "device.usage.confirmed");
    expect(told.map(({ data }) => data.durationMs)).toEqual([60_000, 120_000]);
  });

  it("leaves the last confirmed second on disk for after a power cut, and confirms none of the next boot", async () => {
    const { open, pass, events } = await setup();
    await pass(1000);
    await pass(1000);
    // The power goes: nothing is closed, another process opens the file under another boot.
    const after = open();
    const found = after.read((tx) => tx.run(deviceId));
    if (!found) throw new Error("the run is lost");
    expect(confirmed(found, { nowMs: () => 50_000_000, bootId: "boot-2" })).toBeNull();
    await after.transaction((tx) =>
      closeRun(tx, found, { reason: "interrupted", durationMs: found.confirmedMs }),
    );
    expect(events(after).at(-1)).toMatchObject({
      type: "device.stopped",
      data: { durationMs: 2000, reason: "interrupted" },
    });
    expect(after.read((tx) => tx.runs())).toEqual([]);
    await after.close();
  });

  it("goes on with a run over a restart of the agent in the same boot", async () => {
    const { clock, time, pass, run } = await setup();
    await pass(1000);
    time.monoMs += 5000;
    expect(confirmed(run(), clock)?.confirmedMs).toBe(6000);
  });

  it("counts a lease down to its end and says so once", async () => {
    const { store, time, over, pass } = await setup(2500);
    const left = () => store.read((tx) => tx.device(deviceId))?.leaseRemainingMs;
    await pass(1000);
    expect(left()).toBe(1500);
    time.wallMs += 86_400_000;
    await pass(1000);
    expect(left()).toBe(500);
    expect(over).toEqual([]);
    await pass(1000);
    expect(left()).toBe(0);
    await pass(1000);
    expect(over).toEqual([deviceId]);
  });

  it("counts no lease down that has no end", async () => {
    const { store, over, pass } = await setup();
    await pass(1_000_000);
    expect(store.read((tx) => tx.device(deviceId))?.leaseRemainingMs).toBeNull();
    expect(over).toEqual([]);
  });
});
