import { existsSync } from "node:fs";
import path from "node:path";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { DiskStore } from "./disk-store.ts";
import { copyDisk, type Disk } from "./state.ts";

/** Copies of simulated phones' disks: in a folder each, as the phones' own are, or in memory where phones are kept there too. */
export class SnapshotShelf {
  readonly #dir: string | null;
  readonly #kept = new Map<Id, Disk>();

  /** `dir` null: in memory. */
  constructor(dir: string | null) {
    this.#dir = dir;
  }

  /** Puts a copy there unless there is one under this id; gives the size of what is there. */
  put(snapshotId: Id, spec: DeviceSpec, disk: Disk): { bytes: number } {
    if (!this.ids().includes(snapshotId)) {
      if (this.#dir === null) this.#kept.set(snapshotId, copyDisk(disk));
      else new DiskStore(this.#dir).save(snapshotId, spec, disk);
    }
    return { bytes: sizeOf(this.get(snapshotId)) };
  }

  /** `not_found` when there is none such. */
  get(snapshotId: Id): Disk {
    if (!this.ids().includes(snapshotId))
      throw new Fault("not_found", "The snapshot is not on this host.");
    return this.#dir === null
      ? (this.#kept.get(snapshotId) as Disk)
      : new DiskStore(this.#dir).read(snapshotId).disk;
  }

  ids(): Id[] {
    return this.#dir === null ? [...this.#kept.keys()] : new DiskStore(this.#dir).ids();
  }

  remove(snapshotId: Id): void {
    this.#kept.delete(snapshotId);
    if (this.#dir !== null && existsSync(path.join(this.#dir, snapshotId)))
      new DiskStore(this.#dir).remove(snapshotId);
  }
}

function sizeOf({ files }: Disk): number {
  let bytes = 0;
  for (const file of files.values()) bytes += file.length;
  return bytes;
}
