import { randomUUID } from "node:crypto";
import type { Envelope } from "@cloudphone/shared/envelope";
import { createEventLog } from "@cloudphone/hub/platform/log/event-log";
import type { OpenDatabase } from "@cloudphone/hub/platform/postgres/client";
import { benchEvent } from "./hosts.ts";

/** Events a second by `insert … select from jsonb_to_recordset` in batches into the log's own table, with all its indexes: nothing else of the platform. */
export async function insertStraight(
  database: OpenDatabase,
  { batch, batches }: { batch: number; batches: number },
): Promise<number> {
  const log = createEventLog(database);
  const stream = `bench:${randomUUID()}`;
  const rows = Array.from({ length: batches }, (_, n) =>
    Array.from({ length: batch }, (_none, at) => ({
      stream,
      seq: n * batch + at + 1,
      event: benchEvent() as unknown as Envelope,
    })),
  );
  const begun = performance.now();
  for (const some of rows) await log.append(some);
  return (batch * batches * 1000) / (performance.now() - begun);
}

/** The same rows without the log's head, its check for doubles, or more than a plain multi-row insert. */
export async function insertBare(
  database: OpenDatabase,
  { batch, batches, from }: { batch: number; batches: number; from: number },
): Promise<number> {
  const stream = `bench:${randomUUID()}`;
  const all = Array.from({ length: batches }, (_, n) =>
    Array.from({ length: batch }, (_none, at) => ({
      ...benchEvent(),
      position: from + n * batch + at,
      stream,
      seq: n * batch + at + 1,
    })),
  );
  const begun = performance.now();
  for (const rows of all)
    await database.query`
      insert into events (position, id, stream, seq, type, version, subject, occurred_at, correlation_id, causation_id, data)
      select position, id, stream, seq, type, version, subject, "occurredAt", "correlationId", "causationId", data
      from jsonb_to_recordset(${database.query.json(rows)}) as r(position bigint, stream text, seq bigint, id uuid, type text,
        version int, subject text, "occurredAt" timestamptz, "correlationId" uuid, "causationId" uuid, data jsonb)`;
  return (batch * batches * 1000) / (performance.now() - begun);
}
