import { type Ack, defaultWindow, type EventBatch } from "@cloudphone/shared/link";
import type { Logger } from "pino";
import { crashPoint } from "../crash-point.ts";
import type { Outbox } from "../store/outbox.ts";
import { onAck, onSent, onTick, room, unlinked, type UplinkState } from "./uplink-state.ts";

const maxRowsPerBatch = 200;
const maxBytesPerBatch = 180_000;
const maxEventBytes = 200_000;
const maxRefusals = 5;

export interface UplinkOptions {
  readonly outbox: Outbox;
  readonly logger: Logger;
  /** Hands a batch to the broker; its outcome proves nothing and is not waited for. */
  send(batch: EventBatch): void;
  /** On the monotonic clock. */
  nowMs(): number;
}

/** Carries the outbox to the hub, in order, within the hub's window; deletes rows only on the hub's own ack. */
export class Uplink {
  readonly #options: UplinkOptions;
  #state: UplinkState;
  #refusals = 0;
  #subscription: Disposable | null = null;
  #tick: NodeJS.Timeout | null = null;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#state = unlinked(options.outbox.ackedSeq);
  }

  start(): void {
    this.#subscription = this.#options.outbox.onAppended(() => this.#pump());
    this.#tick = setInterval(() => {
      this.#state = onTick(this.#state, this.#options.nowMs());
      this.#pump();
    }, 1000);
  }

  stop(): void {
    this.#subscription?.[Symbol.dispose]();
    if (this.#tick) clearInterval(this.#tick);
    this.unlink();
  }

  /** The link is gone: what was on the wire may or may not have arrived. */
  unlink(): void {
    this.#state = unlinked(this.#options.outbox.ackedSeq);
  }

  /** False until the hub has said how far it is. */
  get linked(): boolean {
    return this.#state.linked;
  }

  acked(ack: Ack): void {
    const { outbox, nowMs } = this.#options;
    if (ack.epoch !== outbox.epoch) return;
    const before = this.#state.ackedSeq;
    this.#state = onAck(
      this.#state,
      { ...ack, window: Math.min(ack.window, defaultWindow) },
      nowMs(),
    );
    if (this.#state.ackedSeq > before) {
      this.#refusals = 0;
      crashPoint("agent.uplink.before-delete");
      outbox.acked(this.#state.ackedSeq);
    }
    this.#pump();
  }

  /** The hub would not take a batch. Five times without progress: the first row is set aside, so that it holds up nothing. */
  refused(reason: string): void {
    const { outbox, logger } = this.#options;
    this.#refusals++;
    if (this.#refusals < maxRefusals) return;
    this.#refusals = 0;
    const [row] = outbox.readAfter(this.#state.ackedSeq, { maxRows: 1, maxBytes: 1 });
    if (!row) return;
    logger.error(
      { seq: row.seq, reason },
      "the hub refuses an event again and again; it is set aside",
    );
    outbox.quarantine(row.seq, reason);
    this.#send([{ seq: row.seq, lost: reason.slice(0, 500) }]);
  }

  #pump(): void {
    const { outbox } = this.#options;
    for (let free = room(this.#state); free > 0; free = room(this.#state)) {
      const limits = { maxRows: Math.min(free, maxRowsPerBatch), maxBytes: maxBytesPerBatch };
      const rows = outbox.readAfter(this.#state.sentSeq, limits);
      if (rows.length === 0) return;
      this.#send(rows.map((row) => this.#toWire(row)));
    }
  }

  #toWire({ seq, event }: { seq: number; event: string }): EventBatch["rows"][number] {
    if (Buffer.byteLength(event) <= maxEventBytes) {
      try {
        return { seq, event: JSON.parse(event) as unknown };
      } catch {
        // Falls through: a row that can't be read is lost, and its number must not be missing.
      }
    }
    const lost = "The event was too large or could not be read on its host.";
    this.#options.outbox.quarantine(seq, lost);
    return { seq, lost };
  }

  #send(rows: EventBatch["rows"]): void {
    crashPoint("agent.uplink.before-send");
    this.#options.send({ v: 1, epoch: this.#options.outbox.epoch, rows });
    crashPoint("agent.uplink.after-send");
    this.#state = onSent(
      this.#state,
      rows.at(-1)?.seq ?? this.#state.sentSeq,
      this.#options.nowMs(),
    );
  }
}
