import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Desired } from "@cloudphone/shared/device";
import { describe, expect, it } from "vitest";
import type { Observation } from "../providers/provider.ts";
import type { DeviceRow, RunRow } from "../store/store.ts";
import { accept } from "./fleet.ts";
import { nextStep } from "./next-step.ts";

const id = (end: string): string => `018f3c5a-0000-7000-8000-0000000000${end}`;
const leaseRef = (end: string) => ({
  leaseId: id(end),
  orderId: id("b1"),
  userId: id("11"),
  token: 1,
});
const lease = (end: string, remainingMs: number | null = null) => ({
  ...leaseRef(end),
  remainingMs,
});

const desired = (more: Partial<Desired> = {}): Desired => ({
  v: 1,
  deviceId: id("d1"),
  hostId: id("01"),
  name: "phone-1",
  revision: 1,
  existence: "present",
  power: "running",
  spec: samplePhone,
  token: 0,
  lease: null,
  correlationId: id("cc"),
  ...more,
});

const row = (more: Partial<DeviceRow> = {}): DeviceRow => ({
  deviceId: id("d1"),
  desired: desired(),
  handle: { kind: "simulated", v: 1 },
  state: "running",
  reason: null,
  dataLeaseId: null,
  leaseRemainingMs: null,
  ...more,
});

const run = (more: Partial<RunRow> = {}): RunRow => ({
  runId: id("a1"),
  deviceId: id("d1"),
  lease: null,
  startedAt: "2026-01-01T00:00:00.000Z",
  bootId: "b1",
  startedMonoMs: 0,
  confirmedMs: 0,
  instanceId: "i1",
  cause: { correlationId: id("cc"), causationId: null },
  ...more,
});

const on: Observation = {
  state: "running",
  instanceId: "i1",
  adb: { server: { host: "127.0.0.1", port: 1, bin: null }, serial: "s", connect: null },
};
const off: Observation = { state: "stopped" };
const missing: Observation = { state: "missing" };
const broken: Observation = { state: "broken", reason: "no" };

const absent = desired({ existence: "absent" });
const stopped = desired({ power: "stopped" });
const leased = row({ desired: desired({ lease: lease("e1") }), dataLeaseId: id("e1") });
const over = row({
  desired: desired({ lease: lease("e1", 1000) }),
  dataLeaseId: id("e1"),
  leaseRemainingMs: 0,
});
const runOfLease = run({ lease: leaseRef("e1") });

describe("the next step of a device", () => {
  it.each<[string, [DeviceRow, RunRow | null, Observation], object]>([
    [
      "that was never made is to make it",
      [row({ handle: null }), null, missing],
      { kind: "create" },
    ],
    ["that someone removed is to make it anew", [row(), null, missing], { kind: "create" }],
    ["that should run and is off is to start it", [row(), null, off], { kind: "start" }],
    [
      "that is on without a run is to boot it",
      [row(), null, on],
      { kind: "boot", instanceId: "i1" },
    ],
    ["that runs as wanted is none", [row(), run(), on], { kind: "none" }],
    [
      "that runs but is said to start is to settle",
      [row({ state: "starting" }), run(), on],
      { kind: "settle", state: "running" },
    ],
    [
      "whose run should end is to close it before it is stopped",
      [row({ desired: stopped }), run(), on],
      { kind: "close-run", reason: "requested" },
    ],
    [
      "that should be off and is on is to stop it",
      [row({ desired: stopped }), null, on],
      { kind: "stop" },
    ],
    [
      "that should be off and is broken is to stop it",
      [row({ desired: stopped }), null, broken],
      { kind: "stop" },
    ],
    [
      "that is off as wanted is to settle",
      [row({ desired: stopped }), null, off],
      { kind: "settle", state: "stopped" },
    ],
    [
      "that is off and settled is none",
      [row({ desired: stopped, state: "stopped" }), null, off],
      { kind: "none" },
    ],
    [
      "that went off in its run is to close the run as crashed",
      [row(), run(), off],
      { kind: "close-run", reason: "crashed" },
    ],
    [
      "that vanished in its run is to close the run as crashed",
      [row(), run(), missing],
      { kind: "close-run", reason: "crashed" },
    ],
    [
      "that began anew in its run is to close the run as crashed",
      [row(), run({ instanceId: "i0" }), on],
      { kind: "close-run", reason: "crashed" },
    ],
    [
      "that was leased while it ran is to close the pool's run",
      [leased, run(), on],
      { kind: "close-run", reason: "lease_changed" },
    ],
    [
      "whose lease went to another is to close the run",
      [{ ...leased, desired: desired({ lease: lease("e2") }) }, runOfLease, on],
      { kind: "close-run", reason: "lease_changed" },
    ],
    [
      "whose lease was given back is to close the run",
      [{ ...leased, desired: desired() }, runOfLease, on],
      { kind: "close-run", reason: "lease_ended" },
    ],
    [
      "whose lease ran out here is to close the run",
      [over, runOfLease, on],
      { kind: "close-run", reason: "lease_ended" },
    ],
    ["whose lease ran out is to stop it before it is wiped", [over, null, on], { kind: "stop" }],
    ["with another's data that is off is to wipe it", [over, null, off], { kind: "wipe" }],
    [
      "with another's data is to wipe it before the next lease starts it",
      [{ ...leased, desired: desired({ lease: lease("e2") }) }, null, off],
      { kind: "wipe" },
    ],
    ["with its own lease's data is to start it", [leased, null, off], { kind: "start" }],
    [
      "whose lease is over and wiped is to stay off",
      [{ ...over, dataLeaseId: null }, null, off],
      { kind: "settle", state: "stopped" },
    ],
    [
      "that should go is to close its run first",
      [row({ desired: absent }), run(), on],
      { kind: "close-run", reason: "destroyed" },
    ],
    ["that should go is to destroy it", [row({ desired: absent }), null, on], { kind: "destroy" }],
    [
      "that should go and never was is none",
      [row({ desired: absent, handle: null }), null, missing],
      { kind: "none" },
    ],
  ])("%s", (_name, [device, open, seen], step) => {
    expect(nextStep(device, open, seen)).toEqual(step);
  });
});

describe("a newer wish", () => {
  it("for a device nobody knew makes a row that is yet to be created", () => {
    expect(accept(null, desired())).toEqual(
      row({ handle: null, state: "creating", desired: desired() }),
    );
  });

  it("keeps the handle and the state", () => {
    const known = row({ state: "stopped", reason: "why" });
    const wish = desired({ revision: 2 });
    expect(accept(known, wish)).toEqual({ ...known, desired: wish });
  });

  it("marks a clean device as the lease's at once", () => {
    expect(accept(row(), desired({ lease: lease("e1") })).dataLeaseId).toBe(id("e1"));
  });

  it("keeps the mark of the lease before until that was wiped", () => {
    expect(accept(leased, desired({ lease: lease("e2") })).dataLeaseId).toBe(id("e1"));
    expect(accept(leased, desired()).dataLeaseId).toBe(id("e1"));
  });

  it("may only shorten what this host has counted down of the same lease", () => {
    const known = row({ desired: desired({ lease: lease("e1", 9000) }), leaseRemainingMs: 5000 });
    const left = (ms: number): number | null =>
      accept(known, desired({ lease: lease("e1", ms) })).leaseRemainingMs;
    expect(left(8000)).toBe(5000);
    expect(left(3000)).toBe(3000);
  });

  it("with another lease counts anew, and without an end not at all", () => {
    const known = row({ desired: desired({ lease: lease("e1", 9000) }), leaseRemainingMs: 0 });
    expect(accept(known, desired({ lease: lease("e2", 8000) })).leaseRemainingMs).toBe(8000);
    expect(accept(known, desired({ lease: lease("e2") })).leaseRemainingMs).toBeNull();
    expect(accept(known, desired()).leaseRemainingMs).toBeNull();
  });

  it("does not revive a lease that ran out here", () => {
    const known = row({ desired: desired({ lease: lease("e1", 9000) }), leaseRemainingMs: 0 });
    expect(accept(known, desired({ lease: lease("e1", 4000) })).leaseRemainingMs).toBe(0);
  });

  it("has its time anew when it was extended, once per extension", () => {
    const extended = { ...lease("e1", 9000), term: 2 };
    const known = row({ desired: desired({ lease: lease("e1", 9000) }), leaseRemainingMs: 5 });
    const next = accept(known, desired({ lease: extended }));
    expect(next.leaseRemainingMs).toBe(9000);
    const later = { ...next, leaseRemainingMs: 7000 };
    expect(accept(later, desired({ lease: extended })).leaseRemainingMs).toBe(7000);
  });
});
