import type { Battery, Desired } from "@cloudphone/shared/device";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Adb } from "../adb/adb.ts";
import { crashPoint } from "../crash-point.ts";
import type { Provider, Snapshots } from "../providers/provider.ts";
import type { DeviceRow, Store } from "../store/store.ts";
import type { MonoClock } from "../usage/clock.ts";
import { Strays } from "./strays.ts";
import { Supervisor } from "./supervisor.ts";

export interface FleetDeps {
  readonly store: Store;
  readonly adb: Adb;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly clock: MonoClock;
  readonly source: Source;
  readonly logger: Logger;
  readonly bootDeadlineMs: number;
  /** How long a device that nobody knows is left alone. */
  readonly strayGraceMs: number;
  /** Whether the hub is heard, and has thus told of every device that it knows. */
  isLinked(): boolean;
}

/** All devices of the host: takes in what the hub wants, keeps a supervisor at work for each, and has those removed that nobody knows. */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #supervisors = new Map<Id, Supervisor>();
  readonly #watches: Disposable[] = [];
  readonly #strays: Strays;
  #stopping = false;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    this.#strays = new Strays({
      ...deps,
      graceMs: deps.strayGraceMs,
      isTracked: (deviceId) => deps.store.read((tx) => tx.device(deviceId)) !== null,
    });
  }

  start(): void {
    for (const provider of this.#deps.providers.values())
      this.#watches.push(
        provider.watch((deviceId) => {
          if (deviceId !== null) this.find(deviceId)?.hint();
          else for (const supervisor of this.#supervisors.values()) supervisor.hint();
        }),
      );
    for (const row of this.#deps.store.read((tx) => tx.devices())) this.#supervise(row);
    this.#strays.start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]();
    await this.#strays.stop();
    await Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.stop()));
  }

  /** Something that concerns all of them has changed: each looks now. */
  readonly hint = (): void => {
    for (const supervisor of this.#supervisors.values()) supervisor.hint();
  };

  /** Those under an open run that were seen alive by this process. */
  countRunning(): number {
    const runs = this.#deps.store.read((tx) => tx.runs());
    return runs.filter((run) => this.find(run.deviceId)?.aliveAt(run.instanceId) != null).length;
  }

  find(deviceId: Id): Supervisor | null {
    return this.#supervisors.get(deviceId) ?? null;
  }

  /** By device id, of those that have one. */
  batteries(): Record<Id, Battery> {
    const known = [...this.#supervisors].map(([deviceId, { battery }]) => [deviceId, battery]);
    return Object.fromEntries(known.filter(([, battery]) => battery !== null));
  }

  /** Of every provider here that has them. */
  snapshots(): Snapshots[] {
    return [...this.#deps.providers.values()].flatMap(({ snapshots }) => snapshots ?? []);
  }

  /** Stores a newer wish and has it obeyed; an older one, or the same again, changes nothing. */
  async take(desired: Desired): Promise<void> {
    const { store } = this.#deps;
    crashPoint("agent.desired.before-store");
    const row = await store.transaction((tx) => {
      const known = tx.device(desired.deviceId);
      if (known && known.desired.revision >= desired.revision) return null;
      // Gone already: said once more, so that the hub hears it.
      if (!known && desired.existence === "absent") {
        const cause = { correlationId: desired.correlationId, causationId: null };
        tx.emit(
          {
            type: "device.destroyed",
            subject: desired.deviceId,
            data: { deviceId: desired.deviceId },
          },
          cause,
        );
        return null;
      }
      const next = accept(known, desired);
      tx.putDevice(next);
      // The hub waits to be told so.
      if (isCleanAlready(known, desired, next))
        tx.emit(
          {
            type: "device.wiped",
            subject: desired.deviceId,
            data: { deviceId: desired.deviceId, token: desired.token },
          },
          { correlationId: desired.correlationId, causationId: null },
        );
      return next;
    });
    crashPoint("agent.desired.after-store");
    if (!row) {
      if (desired.existence === "absent") this.#strays.condemn(desired.deviceId);
      return;
    }
    this.#supervise(row);
    this.find(row.deviceId)?.urge();
  }

  #supervise(row: DeviceRow): void {
    const { providers, ...deps } = this.#deps;
    if (this.#supervisors.has(row.deviceId)) return;
    const provider = providers.get(row.desired.spec.provider);
    if (!provider) {
      deps.logger.error(
        { deviceId: row.deviceId, provider: row.desired.spec.provider },
        "this host has no such provider",
      );
      return;
    }
    const supervisor = new Supervisor(row.deviceId, { ...deps, provider });
    this.#supervisors.set(row.deviceId, supervisor);
    void supervisor.start().then(() => this.#ended(row.deviceId));
  }

  /** A device that is gone needs no supervisor; one that was wished for again while its last one ended needs another. */
  #ended(deviceId: Id): void {
    this.#supervisors.delete(deviceId);
    if (this.#stopping) return;
    const again = this.#deps.store.read((tx) => tx.device(deviceId));
    if (again) this.#supervise(again);
    // One whose creation was cut off is out there without its handle ever having been stored.
    else this.#strays.condemn(deviceId);
  }
}

/** Stands for a lease that this host has forgotten: whatever it left is to be wiped. */
export const forgottenLease: Id = "00000000-0000-7000-8000-000000000000";

/**
 * The row for a newer wish. Pure. A lease marks the device as its own from the moment its host knows of it. A device that this host does not know (any more) but
 * that was let before may be out there with all that a customer left on it; the hub lets none again before it was wiped.
 */
export function accept(known: DeviceRow | null, desired: Desired): DeviceRow {
  const lease = desired.lease;
  const before = known?.desired.lease;
  const sameTerm = before?.leaseId === lease?.leaseId && (before?.term ?? 1) === (lease?.term ?? 1);
  return {
    deviceId: desired.deviceId,
    desired,
    handle: known?.handle ?? null,
    state: known?.state ?? "creating",
    reason: known?.reason ?? null,
    dataLeaseId: known
      ? (known.dataLeaseId ?? lease?.leaseId ?? null)
      : (lease?.leaseId ?? (desired.token > 0 ? forgottenLease : null)),
    // This host has counted its own copy down; a hub's later reckoning of the same term may only shorten it.
    leaseRemainingMs:
      lease?.remainingMs == null
        ? null
        : sameTerm && known?.leaseRemainingMs != null
          ? Math.min(known.leaseRemainingMs, lease.remainingMs)
          : lease.remainingMs,
  };
}

/**
 * Whether a wish tells that a lease is over of which nothing is here (any more): it came and went without this host ever hearing of it, or this host's own clock had
 * ended it and all was wiped, which the hub does not believe of a lease that is open there.
 */
const isCleanAlready = (known: DeviceRow | null, desired: Desired, next: DeviceRow): boolean =>
  desired.lease === null &&
  next.dataLeaseId === null &&
  (desired.token > (known?.desired.token ?? 0) || (known?.desired.lease ?? null) !== null);
