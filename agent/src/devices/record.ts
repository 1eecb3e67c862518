import type { DeviceState } from "@cloudphone/shared/device";
import type { EventData } from "@cloudphone/shared/events/catalog";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Handle } from "../providers/provider.ts";
import type { DeviceRow, RunRow, Store, StoreTx } from "../store/store.ts";
import type { MonoClock } from "../usage/clock.ts";
import { type Crash, closeRun, openRun, ranFor } from "../usage/runs.ts";

export interface RecordDeps {
  readonly store: Store;
  readonly clock: MonoClock;
  readonly source: Source;
}

/** What the host's store remembers of one device. Each change is one transaction with the event that tells the hub of it. */
export class DeviceRecord {
  readonly #deviceId: Id;
  readonly #deps: RecordDeps;

  constructor(deviceId: Id, deps: RecordDeps) {
    this.#deviceId = deviceId;
    this.#deps = deps;
  }

  /** Null: nobody knows the device here (any more). */
  get row(): DeviceRow | null {
    return this.#deps.store.read((tx) => tx.device(this.#deviceId));
  }

  get run(): RunRow | null {
    return this.#deps.store.read((tx) => tx.run(this.#deviceId));
  }

  keepHandle(handle: Handle): Promise<void> {
    return this.#deps.store.transaction((tx) => this.#update(tx, (now) => ({ ...now, handle })));
  }

  /** Says nothing when it was said before. */
  report(state: DeviceState, reason: string | null): Promise<void> {
    return this.#deps.store.transaction((tx) => {
      const row = tx.device(this.#deviceId);
      if (!row || (row.state === state && row.reason === reason)) return;
      tx.putDevice({ ...row, state, reason });
      const data = { deviceId: this.#deviceId, state, reason };
      tx.emit({ type: "device.state.changed", subject: this.#deviceId, data }, causeOf(row));
    });
  }

  /** Opens a run of this instance, unless the wish is another one than at `revision`: then the next look decides. */
  openRun(instanceId: string, revision: number): Promise<void> {
    const { store, clock, source } = this.#deps;
    return store.transaction((tx) => {
      const row = tx.device(this.#deviceId);
      if (row?.desired.revision !== revision) return;
      tx.putDevice({ ...row, state: "running", reason: null });
      openRun(tx, row, { instanceId, clock, source });
    });
  }

  /** Ends the open run, if there is one: now, or for a crashed one when it crashed. */
  closeRun(reason: EventData<"device.stopped">["reason"], crash: Crash | null): Promise<void> {
    const { store, clock } = this.#deps;
    return store.transaction((tx) => {
      const run = tx.run(this.#deviceId);
      if (run) closeRun(tx, run, { reason, durationMs: ranFor(run, clock, crash) });
    });
  }

  /** Nothing of any customer is on it: `row` is what it was wiped for, `handle` what it is from now on. */
  wiped(row: DeviceRow, handle: Handle): Promise<void> {
    return this.#deps.store.transaction((tx) => {
      this.#update(tx, (now) => ({ ...now, handle, dataLeaseId: null }));
      const data = { deviceId: this.#deviceId, token: row.desired.token };
      tx.emit({ type: "device.wiped", subject: this.#deviceId, data }, causeOf(row));
    });
  }

  forget(): Promise<void> {
    return this.#deps.store.transaction((tx) => {
      const row = tx.device(this.#deviceId);
      if (!row) return;
      tx.deleteDevice(this.#deviceId);
      const data = { deviceId: this.#deviceId };
      tx.emit({ type: "device.destroyed", subject: this.#deviceId, data }, causeOf(row));
    });
  }

  #update(tx: StoreTx, change: (row: DeviceRow) => DeviceRow): void {
    const row = tx.device(this.#deviceId);
    if (row) tx.putDevice(change(row));
  }
}

const causeOf = ({ desired }: DeviceRow) => ({
  correlationId: desired.correlationId,
  causationId: null,
});
