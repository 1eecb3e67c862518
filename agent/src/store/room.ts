import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Database } from "better-sqlite3";

export interface RoomOptions {
  /** Most pages the store's file may have. */
  readonly maxPages: number;
  readonly pageBytes: number;
  /** Below this much room no new work is taken on; and as much is set aside on the disk, to end with what is under way. */
  readonly reserveBytes: number;
}

const lookAgainMs = 200;

/**
 * How much a store may still write: in its file, up to the cap, and on its disk. The reserve lies on the disk as two files of their own (the ballast), since a
 * full disk lets SQLite not even delete. The first is given up when a write has failed for want of room, the second only so that
 * acknowledged events can be deleted: whatever was written with the first, the store can drain. They are laid again when there is plenty.
 */
export class Room {
  readonly #db: Database;
  readonly #ballast: { readonly writing: string; readonly draining: string };
  readonly #dir: string;
  readonly #options: RoomOptions;
  #full = false;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(db: Database, file: string, options: RoomOptions) {
    this.#db = db;
    this.#ballast = { writing: `${file}.ballast`, draining: `${file}.ballast-to-drain` };
    this.#dir = path.dirname(file);
    this.#options = options;
  }

  get pressure(): "ok" | "full" {
    return this.#full ? "full" : "ok";
  }

  /** To be called with each write; while there is room it looks five times a second at the most. */
  look(nowMs: number): void {
    if (!this.#full && nowMs - this.#lookedMs < lookAgainMs) return;
    this.#lookedMs = nowMs;
    const { reserveBytes, maxPages, pageBytes } = this.#options;
    const missing = Object.values(this.#ballast).filter((file) => !existsSync(file));
    // Twice as much to come back as to stay, or it would come and go with each write.
    const times = this.#full ? 2 : 1;
    const ofStore = Math.min(reserveBytes, (maxPages * pageBytes) / 8);
    const pages = this.#pragma("page_count");
    // Pages that the file has and does not use can be written without any more disk.
    const free = this.#pragma("freelist_count");
    const tight =
      (maxPages - pages + free) * pageBytes < times * ofStore ||
      this.#diskBytes() + free * pageBytes <
        times * reserveBytes + (missing.length * reserveBytes) / 2;
    this.#full = tight || !missing.every((file) => this.#lay(file));
  }

  /** A write, or the deletion of what was acknowledged, has failed for want of room: gives up the reserve for it. */
  yield(use: "writing" | "draining"): void {
    this.#full = true;
    rmSync(this.#ballast.writing, { force: true });
    if (use === "draining") rmSync(this.#ballast.draining, { force: true });
    try {
      this.#db.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // No room to write the log back: what was given up must do.
    }
  }

  #pragma(name: string): number {
    return Number(this.#db.pragma(name, { simple: true }));
  }

  #diskBytes(): number {
    const { bavail, bsize } = statfsSync(this.#dir);
    return bavail * bsize;
  }

  #lay(file: string): boolean {
    try {
      writeFileSync(file, Buffer.alloc(this.#options.reserveBytes / 2), { mode: 0o600 });
      return true;
    } catch {
      rmSync(file, { force: true });
      return false;
    }
  }
}
