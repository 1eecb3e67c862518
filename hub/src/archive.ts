import type { Logger } from "pino";
import { ArchiveOverview } from "./platform/log/archive/overview.ts";
import { Archiver, type LogReader } from "./platform/log/archive/archiver.ts";
import { Wakeable } from "./platform/log/wakeable.ts";
import { type Ownership, owns } from "./platform/hubs/ownership.ts";
import type { Database } from "./platform/postgres/database.ts";

export interface ArchiveOptions {
  readonly database: Database;
  readonly dir: string;
  /** Null: for ever. */
  readonly keepDays: number | null;
  readonly readers: readonly LogReader[];
  readonly ownership: Ownership;
  readonly logger: Logger;
}

const lookEveryMs = 600_000;
/** A hub has its part of the work a moment after its start. */
const notYetMs = 5000;

/** Old days of the log move to files, by one hub at a time. What is left to do is in the database, so any hub goes on with it. */
export function openArchive(options: ArchiveOptions) {
  const { database, dir, keepDays, readers, ownership } = options;
  const logger = options.logger.child({ timer: "log.archive" });
  const archiver = new Archiver({ database, dir, keepDays, readers, logger });
  const mine = (): boolean => owns(ownership, "log.archive");
  const loop = new Wakeable(async () => mine() && (await archiver.step()), {
    idleMs: () => (mine() ? lookEveryMs : notYetMs),
    logger,
    failing: "old events can't be archived; they stay where they are, retrying",
  });
  loop.start();
  return {
    overview: new ArchiveOverview(archiver),
    stop: () => loop.stop(),
  };
}
