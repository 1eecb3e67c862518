import { type Envelope, hostStream } from "@cloudphone/shared/envelope";
import { type EnvelopeReading, readEnvelope } from "@cloudphone/shared/events/catalog";
import type { EventBatch } from "@cloudphone/shared/link";
import { crashPoint } from "../crash-point.ts";
import type { Database, Tx } from "../postgres/database.ts";
import { devicesIn, type PlacesOf, whyNotBy } from "./authority.ts";
import type { EventLog, NewEvent } from "./event-log.ts";

export interface HostBatch {
  readonly hostId: string;
  readonly batch: EventBatch;
}

/** What to tell a host: everything up to `seq` of its epoch is committed; `resend` what is above it. */
export type IngestResult =
  | {
      readonly hostId: string;
      readonly epoch: string;
      readonly seq: number;
      readonly resend: boolean;
    }
  /** A store that was replaced by a newer one; nothing of it is taken any more. */
  | { readonly hostId: string; readonly epoch: string; readonly refused: string };

export interface Quarantined {
  readonly hostId: string;
  readonly topic: string;
  readonly seq: number | null;
  readonly bytes: Uint8Array;
  readonly reason: string;
}

/**
 * Takes batches of several hosts into the log in ONE transaction, so that one commit acknowledges many. Per host: what it has is dropped,
 * a gap is asked for again and nothing beyond it is stored, a row that can't be decoded, or that is not this host's to say, goes to quarantine
 * and still counts.
 */
export function createIngest(database: Database, log: EventLog, placesOf: PlacesOf = nowhere) {
  return {
    async ingest(batches: readonly HostBatch[]): Promise<IngestResult[]> {
      const decoded = batches.map(decode);
      const places = await placesOf(devicesIn(decoded.flatMap(eventsOf)));
      const { taken, appended } = await database.transaction(async (tx) => {
        const all = await takeAll(tx, decoded, places);
        const added = await log.appendIn(tx, all.events);
        if (all.quarantined.length > 0) await quarantineIn(tx, all.quarantined);
        crashPoint("hub.ingest.before-commit");
        return { taken: all, appended: added };
      });
      crashPoint("hub.ingest.after-commit");
      log.announce(appended);
      return taken.results;
    },
    quarantine: (rows: readonly Quarantined[]): Promise<void> =>
      database.transaction((tx) => quarantineIn(tx, rows)),
    /** How far the present store of each host has been taken. */
    async stores(): Promise<{ hostId: string; epoch: string; seq: number }[]> {
      return database.query<{ hostId: string; epoch: string; seq: number }>`
        select host_id as "hostId", epoch, last_seq as seq from host_epochs where current`;
    },
    /** The last committed seq of a host's epoch; 0 for one never heard of, null for one that was replaced. */
    async lastSeq(hostId: string, epoch: string): Promise<number | null> {
      const [row] = await database.query<{ last_seq: number; current: boolean }>`
        select last_seq, current from host_epochs where host_id = ${hostId} and epoch = ${epoch}`;
      if (!row) return 0;
      return row.current ? row.last_seq : null;
    },
    async listQuarantine(limit: number) {
      const rows = await database.query<{
        id: number;
        host_id: string;
        topic: string;
        seq: number | null;
        reason: string;
        at: Date;
        bytes: Uint8Array;
      }>`select * from quarantine order by id desc limit ${limit}`;
      return rows.map((row) => ({
        id: row.id,
        hostId: row.host_id,
        topic: row.topic,
        seq: row.seq,
        reason: row.reason,
        at: row.at.toISOString(),
        base64: Buffer.from(row.bytes).toString("base64"),
      }));
    },
  };
}
export type Ingest = ReturnType<typeof createIngest>;

const nowhere: PlacesOf = () => Promise.resolve(new Map());

interface Row {
  readonly seq: number;
  readonly raw: unknown;
  readonly read: EnvelopeReading;
}

interface Decoded {
  readonly hostId: string;
  readonly epoch: string;
  readonly rows: readonly Row[];
}

const decode = ({ hostId, batch: { epoch, rows } }: HostBatch): Decoded => ({
  hostId,
  epoch,
  rows: rows.map((row) => ({
    seq: row.seq,
    raw: row,
    read:
      row.lost === undefined ? readEnvelope(row.event) : { outcome: "malformed", reason: row.lost },
  })),
});

const eventsOf = ({ rows }: Decoded): Envelope[] =>
  rows.flatMap(({ read }) => (read.outcome === "malformed" ? [] : [read.envelope]));

interface Taken {
  readonly events: NewEvent[];
  readonly quarantined: Quarantined[];
  readonly results: IngestResult[];
}

type Places = Awaited<ReturnType<PlacesOf>>;

async function takeAll(tx: Tx, batches: readonly Decoded[], places: Places): Promise<Taken> {
  const taken: Taken = { events: [], quarantined: [], results: [] };
  // Always in the same order, so that two hubs that take the same hosts' batches can't dead-lock.
  const byHost = Map.groupBy(batches, (entry) => entry.hostId);
  for (const hostId of [...byHost.keys()].sort())
    for (const batch of byHost.get(hostId) ?? []) await takeBatch(tx, batch, { taken, places });
  return taken;
}

async function takeBatch(
  tx: Tx,
  { hostId, epoch, rows: sent }: Decoded,
  { taken, places }: { taken: Taken; places: Places },
): Promise<void> {
  const lastSeq = await claimEpoch(tx, hostId, epoch);
  if (lastSeq === null) {
    const refused = "This store was replaced by a newer one; its events are not taken any more.";
    taken.results.push({ hostId, epoch, refused });
    return;
  }
  const { rows, next, resend } = consecutive(sent, lastSeq);
  for (const { seq, raw, read } of rows) {
    const reason =
      read.outcome === "malformed" ? read.reason : whyNotBy(hostId, read.envelope, places);
    if (reason !== null)
      taken.quarantined.push({
        ...{ hostId, topic: "events", seq, reason },
        bytes: Buffer.from(JSON.stringify(raw)),
      });
    else if (read.outcome !== "malformed")
      taken.events.push({ stream: hostStream(hostId, epoch), seq, event: read.envelope });
  }
  if (next > lastSeq)
    await tx`update host_epochs set last_seq = ${next}, seen_at = clock_timestamp()
      where host_id = ${hostId} and epoch = ${epoch}`;
  taken.results.push({ hostId, epoch, seq: next, resend });
}

/** Locks the host's epoch and tells its last seq; an epoch never seen becomes the current one. Null: an older one. */
async function claimEpoch(tx: Tx, hostId: string, epoch: string): Promise<number | null> {
  const [known] = await tx<{ last_seq: number; current: boolean }>`
    select last_seq, current from host_epochs where host_id = ${hostId} and epoch = ${epoch} for update`;
  if (known) return known.current ? known.last_seq : null;
  await tx`update host_epochs set current = false where host_id = ${hostId} and current`;
  await tx`insert into host_epochs (host_id, epoch, current) values (${hostId}, ${epoch}, true)`;
  return 0;
}

/** The rows that follow `lastSeq` without a gap. Pure. */
export function consecutive<R extends { seq: number }>(
  rows: readonly R[],
  lastSeq: number,
): { rows: R[]; next: number; resend: boolean } {
  const fresh: R[] = [];
  let next = lastSeq;
  for (const row of rows) {
    if (row.seq <= next) continue;
    if (row.seq !== next + 1) return { rows: fresh, next, resend: true };
    fresh.push(row);
    next = row.seq;
  }
  return { rows: fresh, next, resend: false };
}

async function quarantineIn(tx: Tx, rows: readonly Quarantined[]): Promise<void> {
  for (const row of rows)
    await tx`insert into quarantine (host_id, topic, seq, bytes, reason)
      values (${row.hostId}, ${row.topic}, ${row.seq}, ${row.bytes}, ${row.reason})`;
}
