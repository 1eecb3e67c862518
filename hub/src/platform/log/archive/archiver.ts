import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { partitionCount } from "@cloudphone/shared/partitions";
import type { Logger } from "pino";
import type { Database, Tx } from "../../postgres/database.ts";
import { type EventRow, toEvent } from "../event-row.ts";
import { blockEvents, type WrittenArchive, writeArchive } from "./file.ts";

/** Who must have read events before they leave the table. */
export interface LogReader {
  /** Of a context. */
  readonly name: string;
  readonly database: Database;
  /** Names of its consumers. */
  readonly consumers: readonly string[];
}

export interface ArchiverOptions {
  /** The events database. */
  readonly database: Database;
  readonly dir: string;
  /** Days (UTC) that ended so many days ago are archived; null: none. */
  readonly keepDays: number | null;
  readonly readers: readonly LogReader[];
  readonly logger: Logger;
  /** Events to a file at most: more of one day go into several. */
  readonly fileEvents?: number;
}

export interface Piece {
  readonly first: number;
  readonly last: number;
}

export interface HeldBy {
  readonly name: string;
  /** How far it is. */
  readonly position: number;
}

const deletedAtOnce = 5000;

/** Another hub was faster. What was written stays: it may be the same file. */
class HorizonMoved extends Error {}

/**
 * Moves old days of the log into files (docs/decisions/0020-old-events-in-files.md): writes a file, then in one transaction tells of it and moves the horizon,
 * then deletes what lies before the horizon. Whatever is cut off in between is done again or gone on with; to be called again and again.
 */
export class Archiver {
  readonly options: ArchiverOptions;
  #told = "";

  constructor(options: ArchiverOptions) {
    this.options = options;
  }

  /** Does one piece of the work; false when there is nothing to do, or somebody still has to read what would be next. */
  async step(): Promise<boolean> {
    if (await this.#deleteSome()) return true;
    const piece = await this.next();
    if (!piece) return false;
    const heldBy = await this.heldBy(piece);
    this.#tell(piece, heldBy);
    if (heldBy.length > 0) return false;
    return this.#take(piece);
  }

  /** What is old enough to be archived: at most a day, and as much of it as a file takes. */
  async next(): Promise<Piece | null> {
    const { database, keepDays, fileEvents = 100_000 } = this.options;
    if (keepDays === null) return null;
    // Up to the first event that is too young, or of another day. A clock that went back makes a piece shorter, never a hole.
    const [found] = await database.query<{ horizon: number; last: number | null }>`
      with begin as (
        select h.horizon, least(h.position, h.horizon + ${fileEvents}) as reach, least(date_trunc('day', e.recorded_at, 'UTC') + interval '1 day',
          date_trunc('day', clock_timestamp() - ${keepDays} * interval '1 day', 'UTC')) as bound
        from log_head h join events e on e.position = h.horizon + 1
      ) select horizon, coalesce((select position - 1 from events where position > horizon and position <= reach and recorded_at >= bound
          order by position limit 1), reach) as last from begin`;
    if (!found || found.last === null || found.last <= found.horizon) return null;
    return { first: found.horizon + 1, last: found.last };
  }

  /** Consumers whose cursors lie before the end of it, and outboxes that may send some of it again. */
  async heldBy(piece: Piece): Promise<HeldBy[]> {
    const lists = await Promise.all(
      this.options.readers.map((reader) => this.#readerHolds(reader, piece)),
    );
    return lists.flat();
  }

  async #readerHolds(
    { name, database, consumers }: LogReader,
    { first, last }: Piece,
  ): Promise<HeldBy[]> {
    // A partition without a cursor was not begun yet.
    const behind = await database.query<HeldBy>`
      select name, position from (
        select name, case when count(c.partition) < ${partitionCount} then 0 else min(c.position) end as position
        from unnest(${[...consumers]}::text[]) as n(name) left join cursors c on c.consumer = n.name group by name
      ) as each where position < ${last} order by position, name`;
    const [oldest] = await database.query<{ id: number | null }>`select min(id) as id from outbox`;
    if (oldest === undefined || oldest.id === null) return [...behind];
    const [sent] = await this.options.database.query<{ position: number | null }>`
      select max(position) as position from events
      where position between ${first} and ${last} and stream = ${`context:${name}`} and seq >= ${oldest.id}`;
    if (sent === undefined || sent.position === null) return [...behind];
    return [...behind, { name: `${name}'s outbox`, position: first - 1 }];
  }

  /** Once each time that it changes. */
  #tell({ last }: Piece, heldBy: readonly HeldBy[]): void {
    const told = heldBy.map(({ name }) => name).join(", ");
    if (told === this.#told) return;
    this.#told = told;
    if (told !== "")
      this.options.logger.warn(
        { heldBy, last },
        "events old enough to be archived wait for consumers that have not read them",
      );
  }

  async #take(piece: Piece): Promise<boolean> {
    const { logger } = this.options;
    const archive = await this.#write(piece);
    if (!archive) return true;
    const { first, last, file, bytes } = archive;
    logger.info({ first, last, file, bytes }, "events were archived");
    return true;
  }

  /** Null: another hub was faster. */
  async #write(piece: Piece): Promise<WrittenArchive | null> {
    try {
      const archive = await writeArchive(this.options.dir, this.#blocks(piece));
      await this.#register(archive);
      return archive;
    } catch (error) {
      if (error instanceof HorizonMoved) return null;
      throw error;
    }
  }

  async *#blocks({ first, last }: Piece): AsyncGenerator<RecordedEnvelope[]> {
    for (let from = first; from <= last; from += blockEvents) {
      const to = Math.min(last, from + blockEvents - 1);
      const rows = await this.options.database.query<EventRow>`
        select * from events where position between ${from} and ${to} order by position`;
      // They are in a file, and gone, by now.
      if (rows.length <= to - from) throw new HorizonMoved();
      yield rows.map(toEvent);
    }
  }

  async #register(archive: WrittenArchive): Promise<void> {
    await this.options.database.transaction(async (tx) => {
      const moved = await tx`
        update log_head set horizon = ${archive.last} where horizon = ${archive.first - 1} returning horizon`;
      if (moved.count === 0) throw new HorizonMoved();
      await tx`
        insert into archives (first_position, last_position, file, sha256, bytes, blocks, types, first_recorded_at, last_recorded_at)
        values (${archive.first}, ${archive.last}, ${archive.file}, ${archive.sha256}, ${archive.bytes}, ${tx.json(archive.blocks)},
          ${archive.types}, ${archive.firstRecordedAt}, ${archive.lastRecordedAt})`;
      await rememberStreams(tx, archive.streams);
    });
  }

  /** What lies before the horizon is in files. In small pieces, so that no statement holds anybody up. */
  async #deleteSome(): Promise<boolean> {
    const gone = await this.options.database.query`
      delete from events where position <= (select horizon from log_head) and position < ${deletedAtOnce} + (select min(position) from events)`;
    return gone.count > 0;
  }
}

async function rememberStreams(tx: Tx, streams: ReadonlyMap<string, number>): Promise<void> {
  await tx`
    insert into archived_streams (stream, last_seq)
    select * from unnest(${[...streams.keys()]}::text[], ${[...streams.values()]}::bigint[])
    on conflict (stream) do update set last_seq = greatest(archived_streams.last_seq, excluded.last_seq)`;
}
