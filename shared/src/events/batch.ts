import { z } from "zod";
import { idSchema } from "../ids.ts";
import { event } from "./define.ts";
import { outcomeFailureSchema, outcomeSchema } from "./outcome.ts";

const batchId = "018f3c5a-0000-7000-8000-0000000000ba";
const commandId = "018f3c5a-0000-7000-8000-0000000000c1";
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const hostId = "018f3c5a-0000-7000-8000-000000000001";
const userId = "018f3c5a-0000-7000-8000-000000000011";
const appId = "018f3c5a-0000-7000-8000-0000000000aa";
const packageName = "io.appium.settings";

const batch = z.object({ batchId: idSchema, userId: idSchema });

/** One app to many phones. Subject: the batch's id, which is also the correlation id of all that it causes. */
export const batchEvents = {
  "app.batch.requested": event(
    "core",
    batch.extend({
      appId: idSchema,
      packageName: z.string(),
      /** How many phones of one host get it at the same time. */
      parallel: z.int().min(1),
      /** `commandId`: of the install to come, and so the id of its installation. */
      items: z.array(outcomeSchema.extend({ hostId: idSchema })),
    }),
    {
      batchId,
      userId,
      appId,
      packageName,
      parallel: 4,
      items: [{ commandId, deviceId, hostId }],
    },
  ),
  /** A phone's turn has come. */
  "app.batch.install.requested": event("core", batch.extend(outcomeSchema.shape), {
    batchId,
    userId,
    commandId,
    deviceId,
  }),
  /** The install could not be asked of the phone. */
  "app.batch.install.refused": event("core", batch.extend(outcomeFailureSchema.shape), {
    batchId,
    userId,
    commandId,
    deviceId,
    code: "device_not_running",
    reason: "phone-1 is switched off.",
  }),
  "app.batch.cancel.requested": event("core", batch, { batchId, userId }),
  /** Those whose turn had not come yet. */
  "app.batch.installs.cancelled": event("core", batch.extend({ commandIds: z.array(idSchema) }), {
    batchId,
    userId,
    commandIds: [commandId],
  }),
  /** Each phone has it, or has not and never will by this batch. */
  "app.batch.completed": event(
    "core",
    batch.extend({
      packageName: z.string(),
      installed: z.int(),
      failed: z.int(),
      cancelled: z.int(),
    }),
    { batchId, userId, packageName, installed: 8, failed: 1, cancelled: 1 },
  ),
};
