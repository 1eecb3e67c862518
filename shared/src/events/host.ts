import { z } from "zod";
import { recordingDaysSchema } from "../device.ts";
import { idSchema } from "../ids.ts";
import { event } from "./define.ts";

const host = z.object({ hostId: idSchema });
const hostId = "018f3c5a-0000-7000-8000-000000000001";
const epoch = "018f3c5a-0000-7000-8000-0000000000e1";

export const providerReportSchema = z.object({
  kind: z.string().max(40),
  available: z.boolean(),
  /** Why it is not available, in words. */
  reason: z.string().max(500).nullable(),
  /** How many devices fit on this host. */
  capacity: z.int().min(0),
  labels: z.record(z.string().max(60), z.string().max(200)),
});
export type ProviderReport = z.infer<typeof providerReportSchema>;

/** One check of a host, as `cloudphone doctor` tells it. */
export const hostFindingSchema = z.object({
  /** area.thing */
  check: z.string().max(60),
  looksAt: z.string().max(100),
  level: z.enum(["ok", "skipped", "warn", "fail"]),
  says: z.string().max(500),
  /** Of `warn` and `fail`. */
  why: z.string().max(500).nullable(),
  /** The command that mends it. */
  remedy: z.string().max(500).nullable(),
});
export type HostFinding = z.infer<typeof hostFindingSchema>;

/** How many containers of Android fit on a host, by each resource and by the scarcest. */
export const hostCapacitySchema = z.object({
  devices: z.int().min(0),
  boundBy: z.string().max(60),
  by: z.record(z.string().max(60), z.int().min(0)),
});
export type HostCapacity = z.infer<typeof hostCapacitySchema>;

/** Subject: the host's id. */
export const hostEvents = {
  "host.enrolled": event("core", host.extend({ name: z.string() }), { hostId, name: "rack-1" }),
  /** The agent began; what its host can do. A new epoch means that its store is new, and all it had is lost. */
  "host.started": event(
    "agent",
    host.extend({
      epoch: idSchema,
      bootId: z.string().max(100),
      agentVersion: z.string().max(50),
      providers: z.array(providerReportSchema).max(20),
      /** Of phones that nobody wishes otherwise for; left out by agents that film none. */
      recordingDays: recordingDaysSchema.optional(),
    }),
    {
      hostId,
      epoch,
      bootId: "b1",
      agentVersion: "0.1.0",
      providers: [
        { kind: "simulated", available: true, reason: null, capacity: 8, labels: { abi: "arm64" } },
      ],
    },
  ),
  /** What the agent's checks of its machine found at its start. Null capacity: no host for containers. */
  "host.checked": event(
    "agent",
    host.extend({
      findings: z.array(hostFindingSchema).max(100),
      capacity: hostCapacitySchema.nullable(),
    }),
    {
      hostId,
      findings: [
        {
          check: "kernel.page-size",
          looksAt: "memory pages",
          level: "fail",
          says: "memory pages of 16 KB",
          why: "Android images are built for pages of 4 KB.",
          remedy: null,
        },
      ],
      capacity: { devices: 12, boundBy: "memoryMiB", by: { memoryMiB: 12, cpus: 16 } },
    },
  ),
  /**
   * What the host can do has changed since it started: a phone was plugged in, Docker went away, its disk is full (nothing is available then) or has
   * room again. All reports, also of what is as it was.
   */
  "host.providers.changed": event(
    "agent",
    host.extend({ providers: z.array(providerReportSchema).max(20) }),
    {
      hostId,
      providers: [
        { kind: "simulated", available: false, reason: "disk full", capacity: 8, labels: {} },
      ],
    },
  ),
  /** The agent stopped in good order. */
  "host.stopped": event("agent", host, { hostId }),
  /** The hub hears it (again): two heartbeats in a row after silence. */
  "host.connected": event("core", host, { hostId }),
  /** 15 s of silence. */
  "host.suspected": event("core", host.extend({ silentMs: z.int() }), { hostId, silentMs: 15_000 }),
  /** 45 s of silence: nothing new is placed there; its leases and devices stay. */
  "host.lost": event("core", host.extend({ silentMs: z.int() }), { hostId, silentMs: 45_000 }),
  /** An operator empties it: no phone is given from it any more, and what runs there is kept to its end, ended, or moved. */
  "host.drain.started": event(
    "core",
    host.extend({ leases: z.enum(["keep", "end", "move"]), reason: z.string() }),
    { hostId, leases: "keep", reason: "new memory" },
  ),
  /** It takes phones again. */
  "host.drain.cancelled": event("core", host, { hostId }),
  /** Nobody has a phone on it any more. */
  "host.drained": event("core", host, { hostId }),
  /** Taken out by an operator for good: its open runs end at the last confirmed second. */
  "host.removed": event("core", host.extend({ reason: z.string() }), { hostId, reason: "retired" }),
};
