import { z } from "zod";

export const deviceCommands = {
  /** Stops and starts a running device; its data stays. */
  "device.restart": {
    data: z.object({}),
    deadlineMs: 3 * 60_000,
    completed: "device.restarted",
    failed: "device.restart.failed",
  },
  /** Puts a PNG of the screen to `path` at the hub, signed and short-lived. */
  "device.screenshot": {
    data: z.object({ path: z.string().max(2000) }),
    deadlineMs: 30_000,
    beside: true,
    completed: "device.screenshot.taken",
    failed: "device.screenshot.failed",
  },
} as const;
