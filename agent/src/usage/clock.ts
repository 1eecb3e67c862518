import { readFileSync } from "node:fs";

/** The clock that durations are measured on: it only goes forward, whatever happens to the wall clock, and goes on over restarts of the agent. */
export interface MonoClock {
  /** Milliseconds since the machine booted. */
  readonly nowMs: () => number;
  /** Two readings compare only within one boot. */
  readonly bootId: string;
}

/** CLOCK_MONOTONIC, which Linux counts from the boot. */
export function systemClock(): MonoClock {
  return { nowMs: () => Number(process.hrtime.bigint() / 1_000_000n), bootId: readBootId() };
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Not Linux: each start of the agent counts as a boot, so an open run ends at its last confirmed second.
    return `process-${process.pid}-${process.hrtime.bigint()}`;
  }
}
