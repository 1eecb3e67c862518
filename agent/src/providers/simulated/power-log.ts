import { appendFileSync } from "node:fs";
import type { Id } from "@cloudphone/shared/ids";

/** One line of the log: a phone answered as booted, or lost power. */
interface PowerLine {
  readonly deviceId: Id;
  readonly instanceId: string;
  readonly what: "booted" | "off";
  /** The machine's monotonic clock. */
  readonly monoMs: number;
  readonly wallMs: number;
}

/**
 * What the phones themselves know of when they were on, a line of JSON each, for a test that holds it against what was billed. Nothing in the
 * agent reads it. A phone whose agent is killed writes no last line: it was on until the kill.
 */
export function writePowerLine(
  file: string,
  line: Pick<PowerLine, "deviceId" | "instanceId" | "what">,
): void {
  const full: PowerLine = {
    ...line,
    monoMs: Number(process.hrtime.bigint()) / 1e6,
    wallMs: Date.now(),
  };
  appendFileSync(file, `${JSON.stringify(full)}\n`);
}
