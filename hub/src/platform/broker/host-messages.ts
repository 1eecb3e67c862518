import {
  type Ack,
  defaultWindow,
  eventBatchSchema,
  heartbeatSchema,
  type Heartbeat,
  type Presence,
  presenceSchema,
  type Refusal,
} from "@cloudphone/shared/link";
import { hostTopic } from "@cloudphone/shared/topics";
import type { Logger } from "pino";
import type { HostBus } from "../context.ts";
import { crashPoint } from "../crash-point.ts";
import { type Ingest, type IngestResult, type ReadBatch, readBatch } from "../log/ingest.ts";
import { retryLevel } from "../postgres/reachability.ts";
import type { UpKind } from "./broker.ts";

/** Batches that may wait for the database; what comes beyond is dropped, and its host sends it again. */
const maxWaitingBatches = 500;
/** A commit's rows are written as long as the host of its first batch waits for its ack. */
const rowsPerCommit = { least: 250, most: 2000 };

export interface HostMessagesOptions {
  readonly ingest: Ingest;
  readonly bus: HostBus;
  readonly logger: Logger;
  onHeartbeat(hostId: string, heartbeat: Heartbeat): void;
  onPresence(hostId: string, presence: Presence): void;
}

/**
 * What hosts say, decoded: events go to the log, as many batches per commit as have come in, and are acknowledged after it; heartbeats and
 * presence go to core. What can't be decoded is put into quarantine with its bytes, and the host is told.
 */
export class HostMessages {
  readonly #options: HostMessagesOptions;
  #waiting: ReadBatch[] = [];
  #busy: Promise<void> | null = null;
  #failures = 0;
  #stopped = false;

  constructor(options: HostMessagesOptions) {
    this.#options = options;
  }

  take(hostId: string, kind: UpKind, payload: Buffer): void {
    const message = parseJson(payload);
    switch (kind) {
      case "events": {
        const batch = eventBatchSchema.safeParse(message);
        if (batch.success) this.#queue(() => readBatch({ hostId, batch: batch.data }));
        else
          this.refuse(hostId, hostTopic(hostId, kind), {
            payload,
            reason: "not a batch of events",
          });
        return;
      }
      case "heartbeat": {
        const heartbeat = heartbeatSchema.safeParse(message);
        if (heartbeat.success) this.#options.onHeartbeat(hostId, heartbeat.data);
        return;
      }
      case "presence": {
        const presence = presenceSchema.safeParse(message);
        if (!presence.success) return;
        this.#options.onPresence(hostId, presence.data);
        if (presence.data.kind === "hello") void this.#greet(hostId, presence.data.epoch);
        return;
      }
    }
  }

  /** Has the hosts for which `mine` says so send what is not acknowledged: the hub that heard them before has gone. */
  async takeOver(mine: (hostId: string) => boolean): Promise<void> {
    const stores = await this.#options.ingest.stores();
    for (const store of stores.filter(({ hostId }) => mine(hostId)))
      await this.#answer({ ...store, resend: true });
  }

  /** Keeps what was refused, and says so to its host. */
  refuse(hostId: string, topic: string, what: { payload: Buffer; reason: string }): void {
    const { ingest, bus, logger } = this.#options;
    const row = { hostId, topic, seq: null, bytes: what.payload, reason: what.reason };
    ingest.quarantine([row]).catch((error: unknown) => {
      logger[retryLevel(error)](
        { err: error, hostId, topic },
        "a refused message could not be kept",
      );
    });
    const refusal: Refusal = { v: 1, topic, reason: what.reason };
    bus.publish(hostTopic(hostId, "refusals"), refusal, { retain: false }).catch(() => undefined);
  }

  /** Resolves when everything taken so far was stored and answered, or given up. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.idle();
  }

  #queue(read: () => ReadBatch): void {
    if (this.#stopped || this.#waiting.length >= maxWaitingBatches) return;
    this.#waiting.push(read());
    this.#busy ??= this.#drain().finally(() => {
      this.#busy = null;
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batches = this.#waiting.splice(0, batchesFor(rowsPerCommit, this.#waiting));
      try {
        const results = await this.#options.ingest.ingest(batches);
        this.#failures = 0;
        await Promise.all(lastPerHost(results).map((result) => this.#answer(result)));
        crashPoint("hub.ingest.after-ack");
      } catch (error) {
        // Nothing was acknowledged, so the hosts keep these events and send them again.
        if (this.#failures++ % 50 === 0)
          this.#options.logger[retryLevel(error)](
            { err: error },
            "events could not be stored; hosts will send them again",
          );
        await this.#oneByOne(batches);
      }
    }
  }

  /** After a failed commit: a batch that fails alone is dropped alone. */
  async #oneByOne(batches: readonly ReadBatch[]): Promise<void> {
    if (batches.length < 2) return;
    for (const batch of batches) {
      const [result] = await this.#options.ingest.ingest([batch]).catch(() => []);
      if (result) await this.#answer(result);
    }
  }

  async #answer(result: IngestResult): Promise<void> {
    const { bus } = this.#options;
    const { hostId, epoch } = result;
    if ("refused" in result) {
      const refusal: Refusal = { v: 1, topic: hostTopic(hostId, "events"), reason: result.refused };
      await bus
        .publish(hostTopic(hostId, "refusals"), refusal, { retain: false })
        .catch(() => undefined);
      return;
    }
    const ack: Ack = { v: 1, epoch, seq: result.seq, window: defaultWindow, resend: result.resend };
    // The next one says all that this one does; after a connection's end the host is told anew, and a silent hub is sent again what it does not acknowledge.
    const how = { retain: false, qos: 0 } as const;
    await bus.publish(hostTopic(hostId, "acks"), ack, how).catch((error: unknown) => {
      this.#options.logger.warn(
        { err: error, hostId },
        "an ack could not be sent; the host will ask again",
      );
    });
  }

  async #greet(hostId: string, epoch: string): Promise<void> {
    try {
      const seq = await this.#options.ingest.lastSeq(hostId, epoch);
      if (seq === null)
        await this.#answer({ hostId, epoch, refused: "This store was replaced by a newer one." });
      else await this.#answer({ hostId, epoch, seq, resend: true });
    } catch (error) {
      this.#options.logger[retryLevel(error)](
        { err: error, hostId },
        "a host's place in the log could not be read",
      );
    }
  }
}

/** Undefined: it is none. */
export function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * How many of the first batches go into the next commit: half of the rows that wait, within limits, and one batch in any case. Were it all, every host would wait for that
 * one commit, and the database for all of them afterwards; so one half is written while the hosts of the other send on. Pure.
 */
export function batchesFor(
  { least, most }: { least: number; most: number },
  waiting: readonly { readonly rows: readonly unknown[] }[],
): number {
  const all = waiting.reduce((sum, { rows }) => sum + rows.length, 0);
  const wanted = Math.min(most, Math.max(least, all / 2));
  let sum = 0;
  const over = waiting.findIndex(({ rows }) => (sum += rows.length) > wanted);
  return over === -1 ? waiting.length : Math.max(1, over);
}

/** One commit may hold several batches of a host: only the last answer matters. Pure. */
export function lastPerHost(results: readonly IngestResult[]): IngestResult[] {
  return [
    ...new Map(results.map((result) => [`${result.hostId} ${result.epoch}`, result])).values(),
  ];
}
