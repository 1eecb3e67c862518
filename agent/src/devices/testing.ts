import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Desired } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { pino } from "pino";
import { createAdb } from "../adb/open.ts";
import type { Handle, Observation, Provider } from "../providers/provider.ts";
import { systemSource } from "../source.ts";
import { openStore, type OpenStore } from "../store/open.ts";
import type { MonoClock } from "../usage/clock.ts";
import { Fleet } from "./fleet.ts";

export const silent = pino({ level: "silent" });

/** The device that tests of devices and commands speak of. */
export const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";

export const wish = (more: Partial<Desired> = {}): Desired => ({
  v: 1,
  deviceId,
  hostId: "018f3c5a-0000-7000-8000-000000000001",
  name: "phone-1",
  revision: 1,
  existence: "present",
  power: "stopped",
  spec: samplePhone,
  token: 0,
  lease: null,
  correlationId: deviceId,
  ...more,
});

/** A provider whose devices are nothing but a power switch. */
export function switchProvider(): Provider & { readonly calls: string[] } {
  const calls: string[] = [];
  const devices = new Map<string, Observation>();
  const handle = (id: string): Handle => ({ kind: samplePhone.provider, v: 1, id });
  const set = (name: string, state: Observation) => async (known: Handle) => {
    calls.push(name);
    devices.set(String(known.id), state);
  };
  const adb = { server: { host: "127.0.0.1", port: 1, bin: null }, serial: "s", connect: null };
  return {
    kind: samplePhone.provider,
    calls,
    fingerprint: async () => ({
      kind: samplePhone.provider,
      available: true,
      reason: null,
      capacity: 1,
      labels: {},
    }),
    list: async () => [],
    create: async (device) => {
      calls.push("create");
      devices.set(device.deviceId, { state: "stopped" });
      return handle(device.deviceId);
    },
    start: set("start", { state: "running", instanceId: "i1", adb }),
    stop: set("stop", { state: "stopped" }),
    wipe: async (known) => {
      calls.push("wipe");
      return known;
    },
    destroy: async (known) => {
      calls.push("destroy");
      devices.delete(String(known.id));
    },
    observe: async (known) => devices.get(String(known.id)) ?? { state: "missing" },
    watch: () => ({ [Symbol.dispose]: () => undefined }),
    close: async () => undefined,
  };
}

export interface TestHost extends AsyncDisposable {
  readonly store: OpenStore;
  readonly fleet: Fleet;
  readonly provider: ReturnType<typeof switchProvider>;
  readonly clock: MonoClock & { nowMsValue: number };
  /** Types of the events in the outbox, oldest first, with their data. */
  events(): { type: string; data: Record<string, unknown> }[];
  /** Resolves once `holds`, looked at after each commit that emitted. */
  until(holds: () => boolean): Promise<void>;
}

/** A host with a store on disk, a fleet of switches and a clock in the test's hand. Its disk is full when it has less room than `reserveBytes`. */
export function startHost({ reserveBytes = 4096 } = {}): TestHost {
  const dir = mkdtempSync(path.join(os.tmpdir(), "host-"));
  const store = openStore(path.join(dir, "agent.db"), {
    source: systemSource,
    logger: silent,
    ballastBytes: reserveBytes,
  });
  const provider = switchProvider();
  const clock = { nowMsValue: 1_000_000, nowMs: () => clock.nowMsValue, bootId: "boot-1" };
  const fleet = new Fleet({
    store,
    adb: createAdb(),
    providers: new Map([[provider.kind, provider]]),
    clock,
    source: systemSource,
    logger: silent,
    bootDeadlineMs: 1000,
    strayGraceMs: 600_000,
    isLinked: () => false,
  });
  fleet.start();
  return {
    store,
    fleet,
    provider,
    clock,
    events: () =>
      store.outbox
        .readAfter(0, { maxRows: 1000, maxBytes: 1e7 })
        .map(({ event }) => JSON.parse(event) as { type: string; data: Record<string, unknown> }),
    until: (holds) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`not in time: ${holds}`)), 10_000);
        const look = (): void => {
          if (!holds()) return;
          clearTimeout(late);
          subscription[Symbol.dispose]();
          resolve();
        };
        const subscription = store.outbox.onAppended(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      await fleet.stop();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
