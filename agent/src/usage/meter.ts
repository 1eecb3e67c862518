import type { Logger } from "pino";
import { crashPoint } from "../crash-point.ts";
import type { Store } from "../store/store.ts";
import type { MonoClock } from "./clock.ts";
import { confirmed, described } from "./runs.ts";

const markMs = 1000;
const tellEveryMs = 60_000;

export interface MeterDeps {
  readonly store: Store;
  readonly clock: MonoClock;
  readonly logger: Logger;
  /** When a device was last seen alive, on the host's clock; null when that was not lately: then none of its seconds is confirmed. */
  aliveAt(deviceId: string, instanceId: string): number | null;
  /** A lease ran out on this host's own clock. */
  onLeaseOver(deviceId: string): void;
}

/**
 * The running mark: each second, what every open run has lasted is written to disk in one transaction, so that after a power cut it ends at
 * the last confirmed second; each minute the hub is told, for the case that this host never comes back. Leases with an end are counted down here.
 */
export class Meter {
  readonly #deps: MeterDeps;
  readonly #toldMs = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #lastMs: number;
  #busy = false;

  constructor(deps: MeterDeps) {
    this.#deps = deps;
    this.#lastMs = deps.clock.nowMs();
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#busy) return;
      this.#busy = true;
      this.mark()
        .catch((error: unknown) => {
          this.#deps.logger.warn({ err: error }, "the running mark could not be written");
        })
        .finally(() => {
          this.#busy = false;
        });
    }, markMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  async mark(): Promise<void> {
    const { store, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const over: string[] = [];
    const told = new Map<string, number>();
    crashPoint("agent.meter.before-mark");
    await store.transaction((tx) => {
      for (const run of tx.runs()) {
        const aliveAtMs = this.#deps.aliveAt(run.deviceId, run.instanceId);
        const marked = aliveAtMs === null ? null : confirmed(run, clock);
        if (aliveAtMs === null || !marked) continue;
        tx.putRun(marked);
        // Never told beyond what was seen: the hub takes no second back.
        const seenMs = Math.floor(aliveAtMs - run.startedMonoMs);
        if (seenMs - (this.#toldMs.get(run.runId) ?? 0) < tellEveryMs) continue;
        told.set(run.runId, seenMs);
        const data = { ...described(marked), durationMs: seenMs };
        tx.emit({ type: "device.usage.confirmed", subject: run.deviceId, data }, run.cause);
      }
      for (const row of tx.devices()) {
        if (!row.leaseRemainingMs) continue;
        const leaseRemainingMs = Math.max(0, row.leaseRemainingMs - passedMs);
        tx.putDevice({ ...row, leaseRemainingMs });
        if (leaseRemainingMs === 0) over.push(row.deviceId);
      }
    });
    crashPoint("agent.meter.after-mark");
    for (const [runId, atMs] of told) this.#toldMs.set(runId, atMs);
    for (const runId of this.#toldMs.keys())
      if (!store.read((tx) => tx.runs()).some((run) => run.runId === runId))
        this.#toldMs.delete(runId);
    for (const deviceId of over) this.#deps.onLeaseOver(deviceId);
  }
}
