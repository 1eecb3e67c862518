import { setFlagsFromString } from "node:v8";

/**
 * Has V8 weigh the memory of buffers together with its own heap. By itself V8 13 collects the whole heap each time that some 32 MiB of buffers were allocated, and
 * whoever passes bytes on allocates one for every read of a socket: half of the processor time of a relayed file went there (bench/results/relay.txt). What
 * lives only as long as a command may let five times its heap pile up before.
 */
export function tuneCollector({ lasting }: { readonly lasting: boolean }): void {
  // A later V8 need not know these; it would say so on standard error.
  if (!process.versions.v8.startsWith("13.")) return;
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  if (!lasting) setFlagsFromString("--heap-growing-percent=400");
}
