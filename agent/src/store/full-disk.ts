import { Fault } from "@cloudphone/shared/fault";

export const fullDiskReason =
  "The host's disk, or its store, is full: nothing new is begun there until it has room again.";

/** The refusal of new work while there is no room to write down what becomes of it. */
export const fullDisk = (cause?: unknown): Fault =>
  new Fault("disk_full", fullDiskReason, { cause });
