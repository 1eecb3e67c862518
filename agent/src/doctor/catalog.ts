import type { Check } from "./check.ts";
import { adbChecks } from "./checks/adb.ts";
import { diskChecks } from "./checks/disk.ts";
import { dockerChecks } from "./checks/docker.ts";
import { gpuChecks } from "./checks/gpu.ts";
import { kernelChecks } from "./checks/kernel.ts";
import { limitChecks } from "./checks/limits.ts";
import { networkChecks } from "./checks/network.ts";
import { screenChecks } from "./checks/screen.ts";

/** Every check, in the order of a report. A new one is an entry in its area's file; a new area is a file and one line. */
export const allChecks: readonly Check[] = [
  ...kernelChecks,
  ...limitChecks,
  ...gpuChecks,
  ...dockerChecks,
  ...adbChecks,
  ...screenChecks,
  ...diskChecks,
  ...networkChecks,
];
