import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { Fault } from "@cloudphone/shared/fault";
import type { Database } from "../../postgres/database.ts";
import type { EventFilter, LogPage, ReadBackOptions, ReadOptions } from "../event-log.ts";
import { type Archive, blockEvents, blockOf, readBlock } from "./file.ts";

/** How many blocks one call expands at most, so that none takes long however little it finds. */
const maxBlocks = 50;

interface ArchiveRow {
  first_position: number;
  last_position: number;
  file: string;
  sha256: string;
  bytes: number;
  blocks: number[];
  types: string[];
  first_recorded_at: Date;
  last_recorded_at: Date;
}

export const toArchive = (row: ArchiveRow): Archive => ({
  first: row.first_position,
  last: row.last_position,
  file: row.file,
  sha256: row.sha256,
  bytes: row.bytes,
  blocks: row.blocks,
  types: row.types,
  firstRecordedAt: row.first_recorded_at.toISOString(),
  lastRecordedAt: row.last_recorded_at.toISOString(),
});

export async function listArchives(database: Database): Promise<Archive[]> {
  const rows = await database.query<ArchiveRow>`select * from archives order by first_position`;
  return rows.map(toArchive);
}

/** Pure. */
export function matches(event: RecordedEnvelope, filter: EventFilter): boolean {
  const { types, subject, correlationId } = filter;
  return (
    (types?.includes(event.type) ?? true) &&
    (subject === undefined || event.subject === subject) &&
    (correlationId === undefined || event.correlationId === correlationId.toLowerCase())
  );
}

const concerns = ({ types: has }: Archive, { types }: EventFilter): boolean =>
  types?.some((type) => has.includes(type)) ?? true;

/** Reads what has left the table of events. */
export class ArchivedEvents {
  readonly #database: Database;
  readonly #dir: string | null;

  constructor(database: Database, dir: string | null) {
    this.#database = database;
    this.#dir = dir;
  }

  /** Oldest first, from `after` to the horizon at most; stops earlier when it has looked at much. */
  async page(options: ReadOptions, horizon: number): Promise<LogPage> {
    const { after, limit } = options;
    const found: RecordedEnvelope[] = [];
    let to = after;
    for (let blocks = 0; to < horizon && blocks < maxBlocks; ) {
      const archive = await this.#following(to);
      if (!concerns(archive, options)) {
        to = archive.last;
        continue;
      }
      const events = await this.#block(archive, blockOf(archive, to + 1));
      blocks++;
      for (const event of events) {
        if (event.position <= to) continue;
        to = event.position;
        if (matches(event, options)) found.push(event);
        if (found.length === limit) return { events: found, to, more: true };
      }
    }
    return { events: found, to, more: true };
  }

  /** Newest first, before a position; `before` is where the next call has to go on, null: there is no more. */
  async back(
    options: ReadBackOptions & { readonly before: number },
  ): Promise<{ events: RecordedEnvelope[]; before: number | null }> {
    const { limit } = options;
    const [since, until] = [options.since ?? "", options.until ?? ""].map((time) =>
      time === "" ? null : Date.parse(time),
    ) as [number | null, number | null];
    const found: RecordedEnvelope[] = [];
    let { before } = options;
    for (let blocks = 0; blocks < maxBlocks; ) {
      const archive = await this.#preceding(before);
      if (!archive || (since !== null && Date.parse(archive.lastRecordedAt) < since))
        return { events: found, before: null };
      if (
        !concerns(archive, options) ||
        (until !== null && Date.parse(archive.firstRecordedAt) >= until)
      ) {
        before = archive.first;
        continue;
      }
      const at = Math.min(before - 1, archive.last);
      const block = await this.#block(archive, blockOf(archive, at));
      blocks++;
      for (const event of block.toReversed()) {
        if (event.position >= before) continue;
        before = event.position;
        const atMs = Date.parse(event.recordedAt);
        const inTime = (since === null || atMs >= since) && (until === null || atMs < until);
        if (inTime && matches(event, options)) found.push(event);
        if (found.length === limit) return { events: found, before };
      }
    }
    return { events: found, before };
  }

  async #following(position: number): Promise<Archive> {
    const [row] = await this.#database.query<ArchiveRow>`
      select * from archives where last_position > ${position} order by last_position limit 1`;
    if (row && row.first_position <= position + 1) return toArchive(row);
    throw new Fault("unavailable", `No archive is known to hold event ${position + 1}.`);
  }

  async #preceding(position: number): Promise<Archive | null> {
    const [row] = await this.#database.query<ArchiveRow>`
      select * from archives where first_position < ${position} order by first_position desc limit 1`;
    return row ? toArchive(row) : null;
  }

  #block(archive: Archive, block: number): Promise<RecordedEnvelope[]> {
    if (this.#dir !== null) return readBlock(this.#dir, archive, block);
    const from = archive.first + block * blockEvents;
    throw new Fault(
      "unavailable",
      `Events from ${from} on are archived in ${archive.file}; set CLOUDPHONE_LOG_ARCHIVE to the folder that has it.`,
    );
  }
}
