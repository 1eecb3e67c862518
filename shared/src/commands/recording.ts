import { z } from "zod";
import { idSchema } from "../ids.ts";

export const recordingCommands = {
  /** Sent to the host, which puts the film to the hub under the signed path. */
  "recording.fetch": {
    data: z.object({ recordingId: idSchema, path: z.string().min(1).max(500) }),
    deadlineMs: 5 * 60_000,
    scope: "host",
    completed: "recording.fetch.completed",
    failed: "recording.fetch.failed",
  },
} as const;
