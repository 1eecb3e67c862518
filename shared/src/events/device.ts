import { z } from "zod";
import { deviceSpecSchema, deviceStates, leaseRefSchema, powerSchema } from "../device.ts";
import { idSchema } from "../ids.ts";
import { event, nextVersion } from "./define.ts";
import { outcomeFailureSchema, outcomeSchema } from "./outcome.ts";
import { samplePhone as spec } from "./sample-phone.ts";

const device = z.object({ deviceId: idSchema });
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const hostId = "018f3c5a-0000-7000-8000-000000000001";
const runId = "018f3c5a-0000-7000-8000-0000000000a1";
const commandId = "018f3c5a-0000-7000-8000-0000000000c1";
const userId = "018f3c5a-0000-7000-8000-000000000011";
const orderId = "018f3c5a-0000-7000-8000-0000000000b1";
const sagaId = orderId;
const lease = {
  leaseId: "018f3c5a-0000-7000-8000-0000000000f1",
  orderId,
  userId,
  token: 1,
};
const startedAt = "2026-11-23T08:00:00.000Z";

/** One uninterrupted stretch in which a device runs under one lease (or under none); the unit of metering. */
const runSchema = device.extend({
  runId: idSchema,
  lease: leaseRefSchema.nullable(),
  userId: idSchema.nullable(),
  startedAt: z.iso.datetime(),
});

export const stopReasons = [
  "requested",
  "lease_ended",
  "lease_changed",
  "restarted",
  "crashed",
  "interrupted",
  "destroyed",
] as const;

const stoppedV1 = event(
  "agent",
  runSchema.extend({ duration: z.number().min(0), reason: z.enum(stopReasons) }),
  { deviceId, runId, lease, userId, startedAt, duration: 3600, reason: "requested" },
);

/** Subject: the device's id; of the allocation events, the order's id. */
export const deviceEvents = {
  "device.created": event(
    "core",
    device.extend({ hostId: idSchema, name: z.string(), spec: deviceSpecSchema }),
    { deviceId, hostId, name: "phone-1", spec },
  ),
  /** Someone (a person, a lease that began or ended, the pool) changed what the device should be; its host is told. */
  "device.desired.changed": event(
    "core",
    device.extend({
      hostId: idSchema,
      revision: z.int(),
      power: powerSchema,
      existence: z.enum(["present", "absent"]),
      reason: z.string(),
    }),
    { deviceId, hostId, revision: 2, power: "running", existence: "present", reason: "leased" },
  ),
  /** The host's supervisor moved the device to another state. */
  "device.state.changed": event(
    "agent",
    device.extend({
      state: z.enum(deviceStates),
      /** Why, in words for a person, when it is `failed`. */
      reason: z.string().max(1000).nullable(),
    }),
    { deviceId, state: "starting", reason: null },
  ),
  /** The lease was given more time, for an order that was renewed. */
  "device.lease.extended": event(
    "core",
    device.extend({ orderId: idSchema, lease: leaseRefSchema, expiresAt: z.iso.datetime() }),
    { deviceId, orderId, lease, expiresAt: startedAt },
  ),
  /** It was over by then: what the renewal cost goes back. */
  "device.lease.extend.failed": event(
    "core",
    z.object({ orderId: idSchema, userId: idSchema, period: z.int(), reason: z.string() }),
    { orderId, userId, period: 2, reason: "The lease was over." },
  ),
  /** Nobody had reached into the phone for so long as its customer wished: it was switched off. */
  "device.idle.stopped": event("core", device.extend({ userId: idSchema, minutes: z.int() }), {
    deviceId,
    userId,
    minutes: 30,
  }),
  /** The order's phone is another one from now on, empty, on another host; the old one is wiped. */
  "device.moved": event(
    "core",
    device.extend({
      orderId: idSchema,
      userId: idSchema,
      hostId: idSchema,
      lease: leaseRefSchema,
      from: z.object({ deviceId: idSchema, hostId: idSchema, lease: leaseRefSchema }),
      reason: z.string(),
    }),
    {
      deviceId,
      orderId,
      userId,
      hostId,
      lease,
      from: { deviceId: runId, hostId: runId, lease },
      reason: "The phone's host is being emptied: new memory",
    },
  ),
  /** Booted and answering adb: a run begins, and billing opens a usage record. */
  "device.started": event("agent", runSchema, { deviceId, runId, lease, userId, startedAt }),
  /** How long an open run has lasted for certain, every minute: what is billed should the host never come back. */
  "device.usage.confirmed": event("agent", runSchema.extend({ durationMs: z.int().min(0) }), {
    deviceId,
    runId,
    lease,
    userId,
    startedAt,
    durationMs: 60_000,
  }),
  /** The run ended. The duration was measured on the host's monotonic clock. Version 1 told it in seconds. */
  "device.stopped": nextVersion(stoppedV1, {
    schema: runSchema.extend({
      durationMs: z.int().min(0),
      reason: z.enum(stopReasons),
    }),
    sample: {
      deviceId,
      runId,
      lease,
      userId,
      startedAt,
      durationMs: 3_600_000,
      reason: "requested",
    },
    upcast: ({ duration, ...run }) => ({ ...run, durationMs: Math.round(duration * 1000) }),
  }),
  /** All a customer left is gone and the identity is new; ready for the next lease. */
  "device.wiped": event("agent", device.extend({ token: z.int().min(0) }), { deviceId, token: 1 }),
  "device.destroyed": event("agent", device, { deviceId }),

  "device.allocate.requested": event(
    "billing",
    z.object({
      sagaId: idSchema,
      orderId: idSchema,
      userId: idSchema,
      planId: idSchema,
      spec: deviceSpecSchema,
      labels: z.record(z.string(), z.string()),
      /** The lease's length once it begins; null: until it is released. */
      leaseMs: z.int().min(1).nullable(),
    }),
    { sagaId, orderId, userId, planId: userId, spec, labels: {}, leaseMs: null },
  ),
  "device.allocated": event(
    "core",
    device.extend({
      sagaId: idSchema,
      orderId: idSchema,
      hostId: idSchema,
      lease: leaseRefSchema,
      /** When the lease ends by itself; null: never. Left out by earlier releases. */
      expiresAt: z.iso.datetime().nullable().optional(),
    }),
    { deviceId, sagaId, orderId, hostId, lease },
  ),
  "device.allocate.failed": event(
    "core",
    z.object({ sagaId: idSchema, orderId: idSchema, reason: z.string() }),
    { sagaId, orderId, reason: "No host has room for such a phone." },
  ),
  "device.release.requested": event(
    "billing",
    z.object({ orderId: idSchema, reason: z.string() }),
    { orderId, reason: "The order was cancelled." },
  ),
  "device.released": event(
    "core",
    device.extend({ hostId: idSchema, lease: leaseRefSchema, reason: z.string() }),
    { deviceId, hostId, lease, reason: "The lease ended." },
  ),

  /** The outcome of a command whose type its host's agent does not know. */
  "device.command.refused": event("agent", outcomeFailureSchema, {
    commandId,
    deviceId,
    code: "unsupported",
    reason: "The agent of the phone's host does not know device.fold; upgrade it.",
  }),

  "device.restart.requested": event("core", outcomeSchema.extend({ userId: idSchema }), {
    commandId,
    deviceId,
    userId,
  }),
  "device.restarted": event("agent", outcomeSchema, { commandId, deviceId }),
  "device.restart.failed": event("agent", outcomeFailureSchema, {
    commandId,
    deviceId,
    code: "timed_out",
    reason: "The phone did not come back in time.",
  }),
  "device.screenshot.requested": event("core", outcomeSchema.extend({ userId: idSchema }), {
    commandId,
    deviceId,
    userId,
  }),
  "device.screenshot.taken": event(
    "agent",
    outcomeSchema.extend({ sha256: z.string(), bytes: z.int(), width: z.int(), height: z.int() }),
    { commandId, deviceId, sha256: "ab".repeat(32), bytes: 2048, width: 360, height: 640 },
  ),
  "device.screenshot.failed": event("agent", outcomeFailureSchema, {
    commandId,
    deviceId,
    code: "device_not_running",
    reason: "The phone is not running.",
  }),
};
