import type { Envelope } from "@cloudphone/shared/envelope";
import { crashPoint } from "../crash-point.ts";
import type { Database, Tx } from "../postgres/database.ts";
import type { EventLog } from "./event-log.ts";

const batchRows = 500;

/**
 * Carries one batch of a context's outbox into the log, in the order it was written; true when there may be more. A row is deleted only
 * after the log's commit; a crash in between sends it again, and the log knows it by (stream, outbox id).
 */
export async function relayOutbox(
  context: { name: string; database: Database },
  log: EventLog,
): Promise<boolean> {
  const relay = async (tx: Tx): Promise<boolean> => {
    // One relay at a time per context, whichever hub it is in: two would mix up the order of one subject's events.
    // What it sees may be older than the lock: rows that the other has just relayed, which the log knows.
    const rows = await tx<{ id: number; event: Envelope }>`
      with lock as materialized (select pg_try_advisory_xact_lock(hashtext('cloudphone.outbox')) as mine)
      select id, event from outbox where (select mine from lock) order by id limit ${batchRows}`;
    if (rows.length === 0) return false;
    crashPoint("hub.outbox.before-append");
    await log.append(
      rows.map(({ id, event }) => ({ stream: `context:${context.name}`, seq: id, event })),
    );
    crashPoint("hub.outbox.after-append");
    tx.withCommit(
      () => tx`delete from outbox where id = any(${rows.map((row) => row.id)}::bigint[])`,
    );
    crashPoint("hub.outbox.after-delete");
    return rows.length === batchRows;
  };
  return context.database.transaction(relay, { beginsWith: "reads" });
}
