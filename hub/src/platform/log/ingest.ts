import { type Envelope, hostStream } from "@cloudphone/shared/envelope";
import { type EnvelopeReading, readEnvelope } from "@cloudphone/shared/events/catalog";
import type { EventBatch } from "@cloudphone/shared/link";
import { isStorable } from "@cloudphone/shared/storable";
import { crashPoint } from "../crash-point.ts";
import type { Database, Tx } from "../postgres/database.ts";
import { devicesIn, type PlacesOf, whyNotBy } from "./authority.ts";
import type { EventLog, NewEvent } from "./event-log.ts";
import type { Appended } from "./recent.ts";

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
    async ingest(batches: readonly ReadBatch[]): Promise<IngestResult[]> {
      const places = await placesOf(devicesIn(batches.flatMap(eventsOf)));
      let appended: Appended | null = null;
      const results = await database.transaction(
        async (tx) => {
          const taken = await takeAll(tx, batches, places);
          if (taken.quarantined.length > 0) await quarantineIn(tx, taken.quarantined);
          if (taken.moved.size > 0) tx.withCommit(() => moveEpochs(tx, [...taken.moved]));
          // Last of all: everybody who appends waits for the log's head.
          if (taken.events.length > 0)
            tx.withCommit(async () => {
              appended = await log.appendNewIn(tx, taken.events);
            });
          crashPoint("hub.ingest.before-commit");
          return taken.results;
        },
        { beginsWith: "reads" },
      );
      crashPoint("hub.ingest.after-commit");
      if (appended) log.announce(appended);
      return results;
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

/** What a host has sent, read and checked as far as that can be done without the database. */
export interface ReadBatch {
  readonly hostId: string;
  readonly epoch: string;
  readonly rows: readonly Row[];
}

/** To be called when a batch comes in: the one before it is with the database then, and has no use for this process. Pure. */
export const readBatch = ({ hostId, batch: { epoch, rows } }: HostBatch): ReadBatch => ({
  hostId,
  epoch,
  rows: rows.map((row) => ({
    seq: row.seq,
    raw: row,
    read:
      row.lost === undefined ? readEvent(row.event) : { outcome: "malformed", reason: row.lost },
  })),
});

/** An agent writes none such; one event that can't be kept must not hold up its host's others for ever. */
const readEvent = (event: unknown): EnvelopeReading =>
  isStorable(event)
    ? readEnvelope(event)
    : { outcome: "malformed", reason: "It has the character 0 or half of a character in it." };

const eventsOf = ({ rows }: ReadBatch): Envelope[] =>
  rows.flatMap(({ read }) => (read.outcome === "malformed" ? [] : [read.envelope]));

interface Taken {
  readonly events: NewEvent[];
  readonly quarantined: Quarantined[];
  readonly results: IngestResult[];
  /** Of which something was taken. */
  readonly moved: Set<Epoch>;
}

type Places = Awaited<ReturnType<PlacesOf>>;

/** However many hosts and batches: one statement, unless a store is new. */
async function takeAll(tx: Tx, batches: readonly ReadBatch[], places: Places): Promise<Taken> {
  const taken: Taken = { events: [], quarantined: [], results: [], moved: new Set() };
  const epochs = await lockEpochs(tx, batches);
  for (const batch of batches) {
    const epoch = epochs.get(keyOf(batch)) ?? (await beginEpoch(tx, batch, epochs));
    if (takeBatch(batch, { epoch, taken, places })) taken.moved.add(epoch);
  }
  return taken;
}

const moveEpochs = (tx: Tx, moved: readonly Epoch[]) =>
  tx`update host_epochs e set last_seq = m.last_seq, seen_at = clock_timestamp()
    from unnest(${moved.map(({ hostId }) => hostId)}::uuid[], ${moved.map(({ id }) => id)}::uuid[],
      ${moved.map(({ lastSeq }) => lastSeq)}::bigint[]) as m(host_id, epoch, last_seq)
    where e.host_id = m.host_id and e.epoch = m.epoch`;

/** A host's store as the database knows it; its row is locked. */
interface Epoch {
  readonly hostId: string;
  readonly id: string;
  lastSeq: number;
  current: boolean;
}

const keyOf = ({ hostId, epoch }: { hostId: string; epoch: string }): string =>
  `${hostId} ${epoch}`.toLowerCase();

/** True when something of it was taken. */
function takeBatch(
  { hostId, epoch: id, rows: sent }: ReadBatch,
  { epoch, taken, places }: { epoch: Epoch; taken: Taken; places: Places },
): boolean {
  const lastSeq = epoch.current ? epoch.lastSeq : null;
  if (lastSeq === null) {
    const refused = "This store was replaced by a newer one; its events are not taken any more.";
    taken.results.push({ hostId, epoch: id, refused });
    return false;
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
      taken.events.push({ stream: hostStream(hostId, id), seq, event: read.envelope });
  }
  epoch.lastSeq = next;
  taken.results.push({ hostId, epoch: id, seq: next, resend });
  return next > lastSeq;
}

/** Always in the same order, so that two hubs that take the same hosts' batches can't dead-lock. */
async function lockEpochs(tx: Tx, batches: readonly ReadBatch[]): Promise<Map<string, Epoch>> {
  const pairs = [...new Map(batches.map((batch) => [keyOf(batch), batch])).values()];
  const rows = await tx<Epoch>`
    select e.host_id as "hostId", e.epoch as id, e.last_seq as "lastSeq", e.current from host_epochs e
    join unnest(${pairs.map(({ hostId }) => hostId)}::uuid[], ${pairs.map(({ epoch }) => epoch)}::uuid[])
      as asked(host_id, epoch) on e.host_id = asked.host_id and e.epoch = asked.epoch
    order by e.host_id, e.epoch for update of e`;
  return new Map(rows.map((row) => [keyOf({ hostId: row.hostId, epoch: row.id }), row]));
}

/** An epoch never seen becomes the current one; another hub may have seen it a moment ago. */
async function beginEpoch(
  tx: Tx,
  { hostId, epoch: id }: ReadBatch,
  epochs: Map<string, Epoch>,
): Promise<Epoch> {
  const [known] = await tx<{ lastSeq: number; current: boolean }>`
    select last_seq as "lastSeq", current from host_epochs where host_id = ${hostId} and epoch = ${id} for update`;
  if (!known) {
    await tx`update host_epochs set current = false where host_id = ${hostId} and current`;
    await tx`insert into host_epochs (host_id, epoch, current) values (${hostId}, ${id}, true)`;
    for (const other of epochs.values())
      if (other.hostId === hostId.toLowerCase()) other.current = false;
  }
  const epoch: Epoch = { hostId, id, ...(known ?? { lastSeq: 0, current: true }) };
  epochs.set(keyOf({ hostId, epoch: id }), epoch);
  return epoch;
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
