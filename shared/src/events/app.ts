import { z } from "zod";
import { idSchema } from "../ids.ts";
import { event } from "./define.ts";
import { operationEvents } from "./operation.ts";
import { outcomeFailureSchema, outcomeSchema } from "./outcome.ts";

const appId = "018f3c5a-0000-7000-8000-0000000000aa";
const commandId = "018f3c5a-0000-7000-8000-0000000000c1";
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const userId = "018f3c5a-0000-7000-8000-000000000011";
const packageName = "io.appium.settings";
const sha256 = "ab".repeat(32);

/** Subject: the app's id; of installs, the device's id. An installation's id is the id of the command that installs it. */
export const appEvents = {
  "app.uploaded": event(
    "core",
    z.object({
      appId: idSchema,
      userId: idSchema,
      sha256: z.string(),
      bytes: z.int(),
      packageName: z.string(),
      label: z.string(),
      versionName: z.string(),
      versionCode: z.int(),
    }),
    {
      appId,
      userId,
      sha256,
      bytes: 1000,
      packageName,
      label: "Appium Settings",
      versionName: "8.0.10",
      versionCode: 192,
    },
  ),
  "app.install.requested": event(
    "core",
    outcomeSchema.extend({ appId: idSchema, userId: idSchema, packageName: z.string() }),
    { commandId, deviceId, appId, userId, packageName },
  ),
  "app.install.completed": event(
    "agent",
    outcomeSchema.extend({
      packageName: z.string(),
      /** The platform's share and the phone's, apart. */
      downloadMs: z.int().min(0),
      installMs: z.int().min(0),
    }),
    { commandId, deviceId, packageName, downloadMs: 12, installMs: 900 },
  ),
  "app.install.failed": event("agent", outcomeFailureSchema, {
    commandId,
    deviceId,
    code: "install_failed",
    reason: "The phone refused the app: INSTALL_FAILED_INSUFFICIENT_STORAGE.",
  }),
  "app.uninstall.requested": event(
    "core",
    outcomeSchema.extend({ userId: idSchema, packageName: z.string() }),
    { commandId, deviceId, userId, packageName },
  ),
  "app.uninstall.completed": event("agent", outcomeSchema.extend({ packageName: z.string() }), {
    commandId,
    deviceId,
    packageName,
  }),
  "app.uninstall.failed": event("agent", outcomeFailureSchema, {
    commandId,
    deviceId,
    code: "not_found",
    reason: "The app is not installed.",
  }),
  ...operationEvents("app.list", {
    asked: { system: false },
    result: {
      apps: z.array(
        z.object({
          packageName: z.string(),
          versionName: z.string().nullable(),
          versionCode: z.int().nullable(),
          /** Came with the phone. */
          system: z.boolean(),
        }),
      ),
      /** There were more than an event holds. */
      truncated: z.boolean(),
    },
    sample: {
      apps: [{ packageName, versionName: "8.0.10", versionCode: 192, system: false }],
      truncated: false,
    },
    failure: ["device_not_running", "The phone is not running."],
  }),
  ...operationEvents("app.start", {
    asked: { packageName },
    result: { packageName: z.string(), activity: z.string() },
    sample: { packageName, activity: "io.appium.settings/.Settings" },
    failure: ["not_found", "The app is not installed."],
  }),
  ...operationEvents("app.stop", {
    asked: { packageName },
    result: { packageName: z.string() },
    sample: { packageName },
    failure: ["not_found", "The app is not installed."],
  }),
  ...operationEvents("app.clear", {
    asked: { packageName },
    result: { packageName: z.string() },
    sample: { packageName },
    failure: ["not_found", "The app is not installed."],
  }),
};
