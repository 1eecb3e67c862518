import { z } from "zod";
import { idSchema } from "../ids.ts";
import { operationEvents } from "./operation.ts";

const snapshotId = "018f3c5a-0000-7000-8000-0000000000e7";

/** Subject: the device's id. */
export const snapshotEvents = {
  ...operationEvents("snapshot.create", {
    asked: { snapshotId },
    result: { snapshotId: idSchema, bytes: z.int().min(0) },
    sample: { snapshotId, bytes: 1_048_576 },
    failure: ["disk_full", "The host has no room for the snapshot."],
  }),
  ...operationEvents("snapshot.restore", {
    asked: { snapshotId },
    result: { snapshotId: idSchema },
    sample: { snapshotId },
    failure: ["not_found", "The snapshot is not on this host."],
  }),
  ...operationEvents("snapshot.delete", {
    asked: { snapshotId },
    result: { snapshotId: idSchema },
    sample: { snapshotId },
    failure: ["unsupported", "This host keeps no snapshots."],
  }),
};
