import type { EventData } from "@cloudphone/shared/events/catalog";
import type { Source } from "@cloudphone/shared/ids";
import type { DeviceRow, RunRow, StoreTx } from "../store/store.ts";
import type { MonoClock } from "./clock.ts";

/** Opens a run for a device that has just booted: from here on its seconds count. In the same transaction as the news of it. */
export function openRun(
  tx: StoreTx,
  row: DeviceRow,
  start: { instanceId: string; clock: MonoClock; source: Source },
): void {
  const { clock, source } = start;
  const lease = row.desired.lease;
  const run: RunRow = {
    runId: source.id(),
    deviceId: row.deviceId,
    lease: lease && {
      leaseId: lease.leaseId,
      orderId: lease.orderId,
      userId: lease.userId,
      token: lease.token,
    },
    startedAt: new Date(source.now()).toISOString(),
    bootId: clock.bootId,
    startedMonoMs: clock.nowMs(),
    confirmedMs: 0,
    instanceId: start.instanceId,
    cause: { correlationId: row.desired.correlationId, causationId: null },
  };
  tx.putRun(run);
  tx.emit({ type: "device.started", subject: run.deviceId, data: described(run) }, run.cause);
}

export function closeRun(
  tx: StoreTx,
  run: RunRow,
  end: { reason: EventData<"device.stopped">["reason"]; durationMs: number },
): void {
  tx.deleteRun(run.runId);
  const data = { ...described(run), reason: end.reason, durationMs: Math.round(end.durationMs) };
  tx.emit({ type: "device.stopped", subject: run.deviceId, data }, run.cause);
}

/** What every event about a run says. */
export const described = (run: RunRow): EventData<"device.started"> => ({
  deviceId: run.deviceId,
  runId: run.runId,
  lease: run.lease,
  userId: run.lease?.userId ?? null,
  startedAt: run.startedAt,
});

/** The run as it can be billed for certain at `nowMs` of its own boot; null when that boot is over. Pure. */
export function confirmed(run: RunRow, clock: MonoClock): RunRow | null {
  if (run.bootId !== clock.bootId) return null;
  return { ...run, confirmedMs: Math.max(run.confirmedMs, clock.nowMs() - run.startedMonoMs) };
}

/**
 * How the end of a crashed run is known, on the host's clock. Times and not ages: what is measured at the look at the phone is written down in a
 * transaction that may have to wait, and an age would grow by that.
 */
export interface Crash {
  /** When its instance was last seen alive; 0 when this process has not seen it. */
  readonly aliveAtMs: number;
  /** When it ended, where its provider knows. */
  readonly endedAtMs: number | null;
}

/**
 * How long a run has lasted that ends now, or, for a crash, that ended by itself: when its provider says that it did; else at the running mark, and not
 * before it was last seen alive. The mark goes on until an end is noticed: where the end itself is known, the mark is no measure of it.
 */
export function ranFor(run: RunRow, clock: MonoClock, crash: Crash | null): number {
  if (run.bootId !== clock.bootId) return run.confirmedMs;
  const nowMs = clock.nowMs();
  if (!crash) return Math.max(run.confirmedMs, nowMs - run.startedMonoMs);
  const { aliveAtMs, endedAtMs } = crash;
  if (endedAtMs === null) return Math.max(run.confirmedMs, aliveAtMs - run.startedMonoMs);
  return Math.max(0, Math.max(aliveAtMs, endedAtMs) - run.startedMonoMs);
}
