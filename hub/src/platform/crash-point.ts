import { readFileSync, rmSync } from "node:fs";
import type { CrashPoint } from "@cloudphone/shared/crash-points";

const file = process.env.CLOUDPHONE_CRASH_FILE;

/** Dies here, as a power cut would, once the file that CLOUDPHONE_CRASH_FILE names holds this point's name; otherwise does nothing. */
export function crashPoint(point: CrashPoint): void {
  if (file === undefined || armed(file) !== point) return;
  // Whoever is started instead goes past it.
  rmSync(file);
  process.kill(process.pid, "SIGKILL");
}

function armed(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
