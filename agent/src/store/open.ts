import { chmodSync, existsSync, mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import type { Source } from "@cloudphone/shared/ids";
import Database from "better-sqlite3";
import type { Logger } from "pino";
import { crashPoint } from "../crash-point.ts";
import { fullDisk } from "./full-disk.ts";
import { createOutbox, type Outbox, type StoredOutbox } from "./outbox.ts";
import { Room } from "./room.ts";
import { migrateStore } from "./schema.ts";
import type { Store, StoreTx } from "./store.ts";
import { createStoreTx } from "./transaction.ts";

export interface StoreOptions {
  readonly source: Source;
  readonly logger: Logger;
  /** Cap of the file, so that an outbox that can't drain never fills the host's disk. */
  readonly maxBytes?: number;
  /** Kept beside the file and given up when the disk is full, so that acknowledged events can still be deleted. */
  readonly ballastBytes?: number;
}

export interface OpenStore extends Store {
  readonly outbox: Outbox;
}

interface Work {
  run(): void;
  settle(error: unknown): void;
}

const pageBytes = 4096;
const groupMs = 2;
/** Commands whose outcome is known are remembered this long: longer than any hub would send one again. */
const inboxDays = 7;

/** Opens the store, or begins a new one (a new epoch) when there is none or the file can't be used any more; that one is kept aside. */
export function openStore(file: string, options: StoreOptions): OpenStore {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const db = openFile(file, options);
  const room = new Room(db, file, {
    maxPages: maxPagesOf(options),
    pageBytes,
    reserveBytes: options.ballastBytes ?? 1024 ** 2,
  });
  room.look(performance.now());
  const epoch = epochOf(db, options.source);
  const outbox = createOutbox(db, {
    epoch,
    isFull: () => room.pressure === "full",
    onTrouble: (error) => {
      room.yield("draining");
      options.logger.warn(
        { err: error },
        "an ack could not be applied for want of disk; it will be with the next",
      );
    },
  });
  let emitted = false;
  const tx = createStoreTx(db, options.source, () => {
    emitted = true;
  });
  forgetOldCommands(db, options);
  const queue: Work[] = [];
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    timer = null;
    const group = queue.splice(0);
    if (group.length === 0) return;
    emitted = false;
    let failure = commitGroup(db, group, outbox);
    if (isFull(failure)) {
      room.yield("writing");
      failure = commitGroup(db, group, outbox);
    }
    room.look(performance.now());
    if (isFull(failure)) outbox.settle();
    for (const work of group) work.settle(failure);
    if (!failure && emitted) outbox.announce();
  };
  return {
    epoch,
    outbox,
    pressure: () => room.pressure,
    transaction<T>(work: (inner: StoreTx) => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: T;
        let error: unknown = null;
        queue.push({
          run: () => {
            error = savepoint(db, () => {
              result = work(tx);
            });
            if (isFull(error)) throw error;
          },
          settle: (failure) => {
            const reason = error ?? failure;
            if (reason) reject(toFault(reason));
            else resolve(result);
          },
        });
        timer ??= setTimeout(flush, groupMs);
      });
    },
    read: (work) => work(tx),
    async close() {
      if (timer) clearTimeout(timer);
      flush();
      outbox.settle();
      db.close();
      await Promise.resolve();
    },
  };
}

/** All queued works in one durable transaction; what kept it from committing, or null. */
function commitGroup(db: Database.Database, group: readonly Work[], outbox: StoredOutbox): unknown {
  try {
    db.exec("begin immediate");
    const deleted = outbox.deleteAcked();
    for (const work of group) work.run();
    crashPoint("agent.state.before-commit");
    db.exec("commit");
    crashPoint("agent.state.after-commit");
    deleted();
    return null;
  } catch (error) {
    if (db.inTransaction) db.exec("rollback");
    return error;
  }
}

/** Undoes one work alone when it throws; returns what it threw. */
function savepoint(db: Database.Database, work: () => void): unknown {
  db.exec("savepoint work");
  try {
    work();
    db.exec("release work");
    return null;
  } catch (error) {
    if (db.inTransaction) db.exec("rollback to work; release work");
    return error;
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(FULL|IOERR)/.test(error.code);

const toFault = (error: unknown): unknown => (isFull(error) ? fullDisk(error) : error);

function openFile(file: string, options: StoreOptions): Database.Database {
  const configure = (db: Database.Database): Database.Database => {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("journal_size_limit = 4194304");
    db.pragma("busy_timeout = 100");
    db.pragma(`max_page_count = ${maxPagesOf(options)}`);
    if (db.pragma("quick_check", { simple: true }) !== "ok") throw new Error("the file is damaged");
    migrateStore(db);
    return db;
  };
  let db = new Database(file);
  try {
    configure(db);
  } catch (error) {
    db.close();
    if (isFull(error)) throw toFault(error);
    const aside = `${file}.damaged-${options.source.now()}`;
    for (const suffix of ["", "-wal", "-shm"])
      if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
    options.logger.error(
      { err: error, aside },
      "the agent's store can't be read; it is kept aside and a new one begins",
    );
    db = configure(new Database(file));
  }
  chmodSync(file, 0o600);
  return db;
}

function epochOf(db: Database.Database, source: Source): string {
  const found = db.prepare<[], { epoch: string }>("select epoch from store").get();
  if (found) return found.epoch;
  const epoch = source.id();
  db.prepare("insert into store (only_one, epoch) values (1, ?)").run(epoch);
  return epoch;
}

const maxPagesOf = ({ maxBytes = 512 * 1024 ** 2 }: StoreOptions): number =>
  Math.floor(maxBytes / pageBytes);

function forgetOldCommands(db: Database.Database, { source, logger }: StoreOptions): void {
  try {
    db.prepare("delete from inbox where state = 'done' and at < ?").run(
      source.now() - inboxDays * 86_400_000,
    );
  } catch (error) {
    logger.warn({ err: error }, "old commands could not be forgotten; they are at the next start");
  }
}
