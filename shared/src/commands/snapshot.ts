import { z } from "zod";
import { idSchema } from "../ids.ts";

const data = z.object({ snapshotId: idSchema });
const copyMs = 15 * 60_000;

/** Copies of a phone's data on its host, by providers that have them. A running phone is stopped for it and started again. */
export const snapshotCommands = {
  "snapshot.create": {
    data,
    deadlineMs: copyMs,
    completed: "snapshot.create.completed",
    failed: "snapshot.create.failed",
  },
  /** Replaces all the phone's data. */
  "snapshot.restore": {
    data,
    deadlineMs: copyMs,
    completed: "snapshot.restore.completed",
    failed: "snapshot.restore.failed",
  },
  /** Sent to the host: the phone it was taken of may be another customer's by now, or gone. */
  "snapshot.delete": {
    data,
    deadlineMs: 60_000,
    scope: "host",
    completed: "snapshot.delete.completed",
    failed: "snapshot.delete.failed",
  },
} as const;
