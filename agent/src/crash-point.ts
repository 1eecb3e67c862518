import type { CrashPoint } from "@cloudphone/shared/crash-points";

const [armed, pass] = (process.env.CLOUDPHONE_CRASH_AT ?? "").split(":");
let passesLeft = Number(pass ?? 1);

/** Dies here, as a power cut would, when CLOUDPHONE_CRASH_AT names this point; otherwise does nothing. */
export function crashPoint(point: CrashPoint): void {
  if (point === armed && --passesLeft === 0) process.kill(process.pid, "SIGKILL");
}
