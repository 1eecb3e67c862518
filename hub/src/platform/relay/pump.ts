import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** One side's WebSocket, and the bytes below it. */
export interface Connection {
  readonly socket: WebSocket;
  readonly wire: Duplex;
}

/** Waiting to be sent to a slow reader: beyond `high` nothing more is read from the other side until it is down to `low`. */
export const watermarks = { highBytes: 1024 * 1024, lowBytes: 256 * 1024 };

/**
 * Passes one side's messages to the other as they come, unread, at the pace of the slower. What it holds is bounded by `highBytes`, one message, and what
 * one read of the socket brings. The messages of one read go out as one write.
 */
export class Pump {
  readonly #from: WebSocket;
  readonly #to: WebSocket;
  readonly #wire: Duplex;
  readonly #onBytes: () => void;
  #bytes = 0;
  #peakBytes = 0;

  constructor(from: Connection, to: Connection, onBytes: () => void) {
    this.#from = from.socket;
    this.#to = to.socket;
    this.#wire = to.wire;
    this.#onBytes = onBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The most that ever waited to be sent. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  start(): void {
    this.#from.on("message", this.#pass);
    this.#from.resume();
  }

  stop(): void {
    this.#from.off("message", this.#pass);
    this.#from.resume();
  }

  readonly #pass = (data: Buffer): void => {
    this.#bytes += data.length;
    this.#onBytes();
    if (this.#wire.writableCorked === 0) {
      this.#wire.cork();
      process.nextTick(() => this.#wire.uncork());
    }
    this.#to.send(data, { binary: true }, this.#sent);
    this.#peakBytes = Math.max(this.#peakBytes, this.#to.bufferedAmount);
    if (this.#to.bufferedAmount > watermarks.highBytes) this.#from.pause();
  };

  readonly #sent = (): void => {
    if (this.#from.isPaused && this.#to.bufferedAmount <= watermarks.lowBytes) this.#from.resume();
  };
}
