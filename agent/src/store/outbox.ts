import type { Database } from "better-sqlite3";
import { crashPoint } from "../crash-point.ts";

export interface OutboxRow {
  readonly seq: number;
  /** The envelope as JSON. */
  readonly event: string;
}

/** The events the hub has not acknowledged, for the uplink. */
export interface Outbox {
  readonly epoch: string;
  /** Highest number given so far. */
  readonly lastSeq: number;
  readonly ackedSeq: number;
  readonly count: number;
  /** Rows after `seq`, in order: at most `maxRows`, and no more after `maxBytes` (but always one). */
  readAfter(seq: number, limits: { maxRows: number; maxBytes: number }): OutboxRow[];
  /**
   * The hub has committed everything up to `seq`: those rows are never given out again. They are deleted with the next group commit, or soon by
   * themselves; a crash before that sends them once more, and the hub knows them. On a full store at once. Never throws.
   */
  acked(seq: number): void;
  /** Sets aside an event the hub would not take; its number is then sent as lost. */
  quarantine(seq: number, reason: string): void;
  onAppended(listener: () => void): Disposable;
}

/** What the store does with its outbox: it lives in the store's file, on its connection. */
export interface StoredOutbox extends Outbox {
  /** After each commit that added events. */
  announce(): void;
  /** Inside the store's transaction: deletes what is acknowledged. Returns what to call once that is committed. */
  deleteAcked(): () => void;
  /** Deletes what is acknowledged now, in a transaction of its own. */
  settle(): void;
}

const deleteWithinMs = 200;

export function createOutbox(
  db: Database,
  options: { epoch: string; isFull: () => boolean; onTrouble: (error: unknown) => void },
): StoredOutbox {
  const listeners = new Set<() => void>();
  const read = db.prepare<[number, number], OutboxRow>(
    "select seq, event from outbox where seq > ? order by seq limit ?",
  );
  const setAcked = db.prepare("update store set acked_seq = ? where acked_seq < ?");
  const remove = db.prepare("delete from outbox where seq <= ?");
  const lastGiven = db.prepare<[], { seq: number }>(
    "select seq from sqlite_sequence where name = 'outbox'",
  );
  const count = db.prepare<[number], { n: number }>(
    "select count(*) as n from outbox where seq > ?",
  );
  let ackedSeq =
    db.prepare<[], { acked_seq: number }>("select acked_seq from store").get()?.acked_seq ?? 0;
  let deletedSeq = -1;
  let timer: NodeJS.Timeout | null = null;
  const deleteAcked = (): (() => void) => {
    const seq = ackedSeq;
    if (seq === deletedSeq) return () => undefined;
    setAcked.run(seq, seq);
    remove.run(seq);
    return () => {
      deletedSeq = seq;
      crashPoint("agent.uplink.after-delete");
    };
  };
  const deleteAlone = db.transaction(deleteAcked);
  const settle = (): void => {
    if (timer) clearTimeout(timer);
    timer = null;
    for (let left = 2; left > 0; left--)
      try {
        deleteAlone()();
        return;
      } catch (error) {
        // Makes room. Should that not help, the rows stay and are skipped from now on; the next ack removes them.
        options.onTrouble(error);
      }
  };
  settle();
  return {
    epoch: options.epoch,
    get lastSeq() {
      return lastGiven.get()?.seq ?? 0;
    },
    get ackedSeq() {
      return ackedSeq;
    },
    get count() {
      return count.get(ackedSeq)?.n ?? 0;
    },
    readAfter(seq, { maxRows, maxBytes }) {
      const rows = read.all(Math.max(seq, ackedSeq), maxRows);
      let bytes = 0;
      const fitting = rows.findIndex((row, index) => {
        bytes += Buffer.byteLength(row.event) + 20;
        return index > 0 && bytes > maxBytes;
      });
      return fitting === -1 ? rows : rows.slice(0, fitting);
    },
    acked(seq) {
      if (seq <= ackedSeq) return;
      ackedSeq = seq;
      if (options.isFull()) settle();
      else timer ??= setTimeout(settle, deleteWithinMs);
    },
    deleteAcked,
    settle,
    quarantine(seq, reason) {
      try {
        db.prepare(
          "insert or ignore into quarantine select seq, event, ? from outbox where seq = ?",
        ).run(reason, seq);
      } catch (error) {
        options.onTrouble(error);
      }
    },
    onAppended(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
    announce() {
      for (const listener of listeners) listener();
    },
  };
}
