import { Fault } from "@cloudphone/shared/fault";
import type { Archiver, HeldBy, Piece } from "./archiver.ts";
import { listArchives } from "./archives.ts";
import { type Archive, verifyArchive } from "./file.ts";

export interface ArchiveState {
  /** Events up to this position are in files; 0: none. */
  readonly horizon: number;
  readonly head: number;
  /** How many days stay in the database; null: all. */
  readonly keepDays: number | null;
  /** On the hub that was asked. */
  readonly folder: string;
  /** What is old enough to be archived next, and who has not read it yet. */
  readonly next: (Piece & { readonly heldBy: readonly HeldBy[] }) | null;
  readonly files: readonly Omit<Archive, "blocks" | "types">[];
}

/** What operators see of archived events. */
export class ArchiveOverview {
  readonly #archiver: Archiver;

  constructor(archiver: Archiver) {
    this.#archiver = archiver;
  }

  async state(): Promise<ArchiveState> {
    const archiver = this.#archiver;
    const { database, dir, keepDays } = archiver.options;
    const [archives, next, [ends]] = await Promise.all([
      listArchives(database),
      archiver.next(),
      database.query<{ head: number; horizon: number }>`
        select position as head, horizon from log_head`,
    ]);
    return {
      ...{ horizon: ends?.horizon ?? 0, head: ends?.head ?? 0, keepDays, folder: dir },
      next: next && { ...next, heldBy: await archiver.heldBy(next) },
      files: archives.map(({ blocks: _blocks, types: _types, ...file }) => file),
    };
  }

  /** Null: the file is as it was written; else what is wrong, and what to do. */
  async verify(file: string): Promise<string | null> {
    const { database, dir } = this.#archiver.options;
    const archive = (await listArchives(database)).find((one) => one.file === file);
    if (!archive)
      throw new Fault(
        "not_found",
        "There is no archive of that name; `cloudphone events archive` lists them.",
      );
    try {
      await verifyArchive(dir, archive);
      return null;
    } catch (error) {
      if (error instanceof Fault) return error.message;
      throw error;
    }
  }
}
