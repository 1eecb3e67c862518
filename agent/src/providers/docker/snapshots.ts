import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { CallOptions, Handle, Snapshots } from "../provider.ts";
import { type Copies, recordsIn } from "./copies.ts";
import { volumeName } from "./create-options.ts";
import type { Engine, Volume } from "./engine.ts";
import {
  type DockerHandle,
  dataBaseLabel,
  deviceLabel,
  generationLabel,
  generationOf,
  ownerLabel,
  readHandle,
} from "./labels.ts";

export interface ContainerSnapshotsOptions {
  readonly engine: Engine;
  readonly copies: Copies;
  readonly owner: string;
  /** All volumes of a device that is off, its data first; `conflict` when it is on. */
  stopped(device: DockerHandle, signal: AbortSignal): Promise<readonly [Volume, ...Volume[]]>;
}

const snapshotLabel = "cloudphone.snapshot";
/** Not the devices' owner label: what looks for devices must not find snapshots, nor remove them as strays. */
const snapshotOwnerLabel = "cloudphone.snapshot.owner";
const snapshotVolume = (snapshotId: Id): string => `cloudphone-snapshot-${snapshotId}`;

/** A snapshot is a volume beside the devices'. Restoring one makes a device's next volume of it, and the handle says which one counts. */
export class ContainerSnapshots implements Snapshots {
  readonly #options: ContainerSnapshotsOptions;
  readonly #underWay = new Set<Id>();

  constructor(options: ContainerSnapshotsOptions) {
    this.#options = options;
  }

  async create(
    handle: Handle,
    snapshotId: Id,
    { signal }: CallOptions,
  ): Promise<{ bytes: number }> {
    const { copies, stopped, owner } = this.#options;
    const name = snapshotVolume(snapshotId);
    const bytes = recordsIn(await this.#volumes(signal)).get(name);
    if (bytes !== undefined) return { bytes };
    const device = readHandle(handle);
    const [data] = await stopped(device, signal);
    refuseOverBase(data);
    this.#underWay.add(snapshotId);
    try {
      await this.clear(signal);
      const labels = { [snapshotLabel]: snapshotId, [snapshotOwnerLabel]: owner };
      const to = { name, labels };
      const { image } = device.spec;
      return await copies.make({ from: data.name, to, found: labels, own: null, image }, signal);
    } finally {
      this.#underWay.delete(snapshotId);
    }
  }

  async restore(handle: Handle, snapshotId: Id, { signal }: CallOptions): Promise<Handle> {
    const { copies, stopped } = this.#options;
    const from = snapshotVolume(snapshotId);
    if (!recordsIn(await this.#volumes(signal)).has(from))
      throw new Fault("not_found", "The snapshot is not on this host.");
    const device = readHandle(handle);
    const [data, ...others] = await stopped(device, signal);
    refuseOverBase(data);
    // Of a restore that was cut off, or whose answer was lost; and what an earlier one replaced.
    for (const { name } of others) await copies.remove(name, signal);
    const generation = generationOf(data.labels) + 1;
    const to = {
      name: volumeName(device.deviceId, generation),
      labels: { ...data.labels, [generationLabel]: String(generation) },
    };
    const found = {
      [deviceLabel]: device.deviceId,
      [ownerLabel]: this.#options.owner,
    };
    const { image } = device.spec;
    await copies.make({ from, to, found, own: data.name, image }, signal);
    return { ...device, generation };
  }

  async list({ signal }: CallOptions): Promise<Id[]> {
    const volumes = await this.#volumes(signal);
    const records = recordsIn(volumes);
    return volumes.flatMap(({ name, labels }) =>
      records.has(name) ? (labels[snapshotLabel] ?? []) : [],
    );
  }

  async delete(snapshotId: Id, { signal }: CallOptions): Promise<void> {
    await this.#options.copies.remove(snapshotVolume(snapshotId), signal);
  }

  /** Removes what agents that ended in the middle have left. */
  async clear(signal: AbortSignal): Promise<void> {
    const whole = new Set(await this.list({ signal }));
    for (const { labels } of await this.#volumes(signal)) {
      const snapshotId = labels[snapshotLabel] ?? "";
      if (whole.has(snapshotId) || this.#underWay.has(snapshotId)) continue;
      await this.#options.copies.remove(snapshotVolume(snapshotId), signal);
    }
  }

  #volumes(signal: AbortSignal): Promise<Volume[]> {
    const { engine, owner } = this.#options;
    return engine.volumes(`${snapshotOwnerLabel}=${owner}`, signal);
  }
}

/** What hides the base's files are attributes of the overlay that only a privileged container may copy. */
function refuseOverBase({ labels }: Volume): void {
  if (labels[dataBaseLabel] !== undefined)
    throw new Fault("unsupported", "A phone whose data lies over a shared base can't be copied.");
}
