import { z } from "zod";

const installMs = 5 * 60_000;

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
    data: z.object({ packageName: z.string().max(255) }),
    deadlineMs: 60_000,
    completed: "app.uninstall.completed",
    failed: "app.uninstall.failed",
  },
} as const;
