import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { type Cell, monoMs } from "./cell.ts";
import { dataOf, type LoggedEvent } from "./log.ts";

/** What a phone wrote down (agent/src/providers/simulated/power-log.ts). */
interface PowerLine {
  readonly deviceId: string;
  readonly instanceId: string;
  readonly what: "booted" | "off";
  readonly monoMs: number;
  readonly wallMs: number;
}

/** One stretch in which a phone was on, as it knows it itself. */
interface OnTime {
  readonly deviceId: string;
  readonly bootedMs: number;
  readonly bootedWallMs: number;
  readonly offMs: number;
  /** It was switched off or crashed, and not cut off with its agent. */
  readonly inOrder: boolean;
}

/** A crash is noticed, and a mark written, by turns of one event loop. */
const overMs = 100;
/** The second a running mark may be old, and what a boot takes to be noticed, on a machine whose every core is taken several times over. */
const underMs = 4000;

async function onTimes(cell: Cell): Promise<OnTime[]> {
  const text = await readFile(cell.powerLog, "utf8").catch(() => "");
  const lines = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as PowerLine);
  const ends = new Map(
    lines.filter((line) => line.what === "off").map((line) => [line.instanceId, line.monoMs]),
  );
  return lines
    .filter((line) => line.what === "booted")
    .map(({ deviceId, instanceId, monoMs: bootedMs, wallMs: bootedWallMs }) => {
      const off = ends.get(instanceId);
      const killed = cell.deaths.find(
        (death) => death.part === "agent" && death.seenMs > bootedMs,
      )?.seenMs;
      const offMs = off ?? killed ?? monoMs();
      return { deviceId, bootedMs, bootedWallMs, offMs, inOrder: off !== undefined };
    });
}

/**
 * Holds what was metered against what the phones know they ran: no run is longer than its phone was on, and of each stretch in which a phone
 * was on no more is missing than the mark's second. With `wallClock: "jumps"` only the sums of each phone are compared, since a run can't be
 * found by its time of day.
 */
export async function expectMetered(
  cell: Cell,
  events: readonly LoggedEvent[],
  { wallClock = "steady" }: { wallClock?: "steady" | "jumps" } = {},
): Promise<void> {
  const stretches = await onTimes(cell);
  expect(stretches.length, "phones wrote down when they were on").toBeGreaterThan(0);
  const runs = dataOf(events, "device.stopped");
  const open = dataOf(events, "device.started").length - runs.length;
  expect(open, "every run has ended").toBe(0);
  const byDevice = Map.groupBy(stretches, ({ deviceId }) => deviceId);
  for (const [deviceId, own] of byDevice) {
    const groups = wallClock === "jumps" ? [own] : own.map((stretch) => [stretch]);
    const metered = groups.map(() => 0);
    for (const run of runs.filter((one) => one.deviceId === deviceId)) {
      const startedMs = Date.parse(run.startedAt);
      const at =
        wallClock === "jumps"
          ? 0
          : own.findLastIndex(({ bootedWallMs }) => bootedWallMs <= startedMs + 1);
      expect(at, `a run of ${deviceId} began before its phone was on`).toBeGreaterThanOrEqual(0);
      metered[at] = (metered[at] ?? 0) + run.durationMs;
    }
    for (const [at, group] of groups.entries()) compare(deviceId, group, metered[at] ?? 0);
  }
}

function compare(deviceId: string, stretches: readonly OnTime[], meteredMs: number): void {
  const onMs = stretches.reduce((sum, { bootedMs, offMs }) => sum + offMs - bootedMs, 0);
  const what = `${deviceId} was on for ${onMs.toFixed(0)} ms (${stretches.length} stretches, ${stretches[0]?.inOrder ? "switched off" : "cut off"}) and metered for ${meteredMs} ms`;
  expect(meteredMs, `more than it ran: ${what}`).toBeLessThanOrEqual(
    onMs + overMs * stretches.length,
  );
  expect(meteredMs, `less than it ran: ${what}`).toBeGreaterThanOrEqual(
    onMs - underMs * stretches.length,
  );
}
