import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice } from "../adb/adb.ts";

export interface Boot {
  readonly deadlineMs: number;
  readonly stopping: AbortSignal;
  /** What the boot is worth by now: `moot` when something else is to be done first, `ended` (with the reason) when the device has lost power by itself. */
  look(): Promise<"boots" | "moot" | { readonly ended: string }>;
  /** Resolves when it is time to look again. */
  pause(): Promise<void>;
}

/**
 * Waits until a device has booted, for as long as that is what should happen: false when it is not any more. `device_failed` when the device ended in its boot,
 * `timed_out` when it did not come to an end.
 */
export async function booted(open: () => Promise<AdbDevice>, boot: Boot): Promise<boolean> {
  const moot = new AbortController();
  const signal = AbortSignal.any([moot.signal, boot.stopping]);
  const waiting = open().then((device) =>
    device.waitBooted({ timeoutMs: boot.deadlineMs, signal }),
  );
  const settled = waiting.then(
    () => true,
    () => true,
  );
  try {
    for (;;) {
      const seen = await boot.look();
      if (seen === "moot") return false;
      if (seen !== "boots") throw new Fault("device_failed", seen.ended);
      if (await Promise.race([settled, boot.pause().then(() => false)])) break;
    }
    await waiting;
    return true;
  } finally {
    moot.abort();
  }
}
