import { z } from "zod";
import { idSchema } from "../ids.ts";
import { event } from "./define.ts";
import { operationEvents } from "./operation.ts";

const recordingId = "018f3c5a-0000-7000-8000-0000000000e9";
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";

/** Films of screens that a host keeps by its policy while people look at them. Subject: the device's id. */
export const recordingEvents = {
  "recording.finished": event(
    "agent",
    z.object({
      recordingId: idSchema,
      deviceId: idSchema,
      /** Of the lease under which it began; 0: none. */
      token: z.int().min(0),
      startedAt: z.iso.datetime(),
      seconds: z.number().min(0),
      bytes: z.int().min(0),
    }),
    {
      recordingId,
      deviceId,
      token: 3,
      startedAt: "2026-11-25T09:00:00.000Z",
      seconds: 61.5,
      bytes: 4_194_304,
    },
  ),
  "recording.deleted": event(
    "agent",
    z.object({
      recordingId: idSchema,
      deviceId: idSchema,
      /** It was older than the host keeps them, or there was no more room. */
      reason: z.enum(["age", "room"]),
    }),
    { recordingId, deviceId, reason: "age" },
  ),
  ...operationEvents("recording.fetch", {
    asked: { recordingId },
    result: { recordingId: idSchema, bytes: z.int().min(0) },
    sample: { recordingId, bytes: 4_194_304 },
    failure: ["not_found", "The recording is not on this host any more."],
  }),
};
