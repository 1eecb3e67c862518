import { z } from "zod";
import { idSchema } from "../ids.ts";
import { qualitySchema } from "../live.ts";
import { relayEndReasons, sessionPurposes } from "../relay.ts";
import { event } from "./define.ts";
import { outcomeFailureSchema, outcomeSchema } from "./outcome.ts";

const sessionId = "018f3c5a-0000-7000-8000-0000000000e1";
const commandId = "018f3c5a-0000-7000-8000-0000000000c1";
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const hostId = "018f3c5a-0000-7000-8000-000000000001";
const userId = "018f3c5a-0000-7000-8000-000000000011";
const leaseId = "018f3c5a-0000-7000-8000-0000000000f1";

/** Who reached into which phone, when, under which lease, and why it ended. Subject: the device's id. */
export const sessionEvents = {
  "session.open.requested": event(
    "core",
    outcomeSchema.extend({
      sessionId: idSchema,
      hostId: idSchema,
      userId: idSchema,
      /** Null: staff, on a phone that nobody has. */
      leaseId: idSchema.nullable(),
      purpose: z.enum(sessionPurposes),
    }),
    { commandId, deviceId, sessionId, hostId, userId, leaseId, purpose: "adb" },
  ),
  "session.opened": event("agent", outcomeSchema.extend({ sessionId: idSchema }), {
    commandId,
    deviceId,
    sessionId,
  }),
  "session.open.failed": event("agent", outcomeFailureSchema, {
    commandId,
    deviceId,
    code: "device_not_running",
    reason: "The phone is not running.",
  }),
  /** How a live screen went for its viewer, by what the viewer last said: at the session's end, and only when it said anything. */
  "session.measured": event(
    "agent",
    z.object({ sessionId: idSchema, deviceId: idSchema, quality: qualitySchema }),
    {
      sessionId,
      deviceId,
      quality: {
        path: "direct",
        firstFrameMs: 412,
        framesDecoded: 1800,
        framesDropped: 3,
        freezes: 0,
        rttMs: { p50: 12, p95: 30 },
        delayMs: { p50: 20, p95: 45 },
      },
    },
  ),
  "session.closed": event(
    "core",
    z.object({
      sessionId: idSchema,
      deviceId: idSchema,
      userId: idSchema,
      reason: z.enum(relayEndReasons),
      /** From the first to the last moment at which both ends were there, by the hub's clock; 0 when they never were. */
      durationMs: z.int().min(0),
      bytesToDevice: z.int().min(0),
      bytesFromDevice: z.int().min(0),
    }),
    {
      sessionId,
      deviceId,
      userId,
      reason: "lease_over",
      durationMs: 60_000,
      bytesToDevice: 1000,
      bytesFromDevice: 52_428_800,
    },
  ),
};
