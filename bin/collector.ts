import { setFlagsFromString } from "node:v8";

/**
 * Has V8 sweep up the buffers of reads while they are young. Whoever passes bytes on gets a buffer for every read of a socket, and needs it for a moment. By itself
 * V8 13 collects its young generation only after 128 MiB of them, but the whole heap after 32 MiB: for a hub 30 to 100 ms each time, more than half of the processor time of
 * a relayed file. After 8 MiB it is one millisecond, and the 32 MiB are not reached. One thread does it: so short a work costs more to hand out than to do.
 */
export function tuneCollector(): void {
  // A later V8 need not know these; it would say so on standard error.
  if (!process.versions.v8.startsWith("13.")) return;
  // The capacity itself is fixed when V8 starts; from then on this says only after how many buffers it collects: four times as many MiB.
  setFlagsFromString("--scavenger-max-new-space-capacity-mb=2");
  setFlagsFromString("--no-parallel-scavenge");
}
