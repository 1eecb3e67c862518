import { z } from "zod";
import { packageNameSchema } from "../android.ts";

const installMs = 5 * 60_000;
const named = z.object({ packageName: packageNameSchema });

export const appCommands = {
  /** Downloads the package, checks its sum, installs it over what is there. */
  "app.install": {
    data: z.object({
      packageName: z.string().max(255),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().min(1),
      /** Path at the hub, signed and short-lived; the agent puts its own hub address before it. */
      path: z.string().max(2000),
    }),
    deadlineMs: installMs,
    completed: "app.install.completed",
    failed: "app.install.failed",
  },
  "app.uninstall": {
    data: named,
    deadlineMs: 60_000,
    completed: "app.uninstall.completed",
    failed: "app.uninstall.failed",
  },
  /** What is installed, with versions; without `system` only what was installed on top. */
  "app.list": {
    data: z.object({ system: z.boolean() }),
    deadlineMs: 60_000,
    beside: true,
    completed: "app.list.completed",
    failed: "app.list.failed",
  },
  /** Starts the app's launcher activity. */
  "app.start": {
    data: named,
    deadlineMs: 60_000,
    completed: "app.start.completed",
    failed: "app.start.failed",
  },
  /** Ends all the app's processes, as the phone's own settings do. */
  "app.stop": {
    data: named,
    deadlineMs: 30_000,
    completed: "app.stop.completed",
    failed: "app.stop.failed",
  },
  /** Removes the app's data and permissions; the app stays. */
  "app.clear": {
    data: named,
    deadlineMs: 60_000,
    completed: "app.clear.completed",
    failed: "app.clear.failed",
  },
} as const;
