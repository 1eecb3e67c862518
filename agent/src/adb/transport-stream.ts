import { Duplex } from "node:stream";
import { maxPayloadBytes } from "@cloudphone/shared/adb-wire";
import { take } from "../byte-reader.ts";

/** What a stream needs of its connection. */
export interface StreamPort {
  /** The largest payload the other end takes. */
  maxData(): number;
  /** Writes that may be unanswered at once; 1 in plain adb. */
  window(): number;
  write(remote: number, data: readonly Buffer[]): void;
  acknowledge(remote: number): void;
  /** To be called once; nothing is sent any more afterwards. */
  close(remote: number): void;
}

type Callback = (error?: Error | null) => void;

/**
 * One stream of an adb connection, as bytes in and out. Each write is answered by the other end before the next may go, and we answer one only
 * once its bytes were taken by whoever reads: so the slowest reader sets the pace and nothing piles up in between.
 */
export class AdbStream extends Duplex {
  readonly local: number;
  /** The other end's number for it; 0 until it has answered. */
  remote = 0;
  readonly #port: StreamPort;
  readonly #opened = Promise.withResolvers<Duplex>();
  /** What is still to be written of the chunks in hand, and who waits for it. */
  #pending: { rest: Buffer[]; done: Callback } | null = null;
  /** Writes of ours that the other end has not answered. */
  #unanswered = 0;
  /** Writes of the other end's that we have not answered. */
  #owed = 0;
  #over = false;

  constructor(local: number, port: StreamPort) {
    // As much as one write of plain adb may hold: the fewer answers it waits for, the faster it is.
    super({ highWaterMark: maxPayloadBytes, allowHalfOpen: true });
    this.local = local;
    this.#port = port;
    this.#opened.promise.catch(() => undefined);
    this.on("error", () => undefined);
  }

  /** Resolves with the stream itself once the other end has agreed. */
  get opened(): Promise<Duplex> {
    return this.#opened.promise;
  }

  /** OKAY: the stream is open, or the last write was taken. */
  acknowledged(remote: number): void {
    if (this.remote === 0) {
      this.remote = remote;
      this.#opened.resolve(this);
    } else this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#sendOn();
  }

  /** WRTE. False when the other end did not wait for our answers: it would fill our memory. */
  received(data: readonly Buffer[]): boolean {
    if (this.#owed >= this.#port.window()) return false;
    this.#owed++;
    let wanted = true;
    for (const piece of data) wanted = this.push(piece);
    if (wanted) this.#settle();
    return true;
  }

  /** CLSE: the other end has said all, and takes nothing more. */
  finished(): void {
    this.#over = true;
    if (this.remote === 0) this.#opened.reject(new Error("the service was refused"));
    this.push(null);
    const pending = this.#pending;
    this.#pending = null;
    pending?.done();
    // Whoever reads has all of it; whoever writes learns at the end of reading that nobody listens.
    this.once("end", () => this.destroy());
    if (this.readableEnded) this.destroy();
  }

  /** The connection is gone. */
  lost(): void {
    this.#over = true;
    const error = new Error("the adb connection ended");
    this.#opened.reject(error);
    this.destroy(error);
  }

  override _read(): void {
    this.#settle();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Callback): void {
    this._writev([{ chunk }], done);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: Callback): void {
    if (this.#over) return done();
    this.#pending = { rest: chunks.map(({ chunk }) => chunk), done };
    this.#sendOn();
  }

  /** All is written and acknowledged: the protocol closes both directions at once. */
  override _final(done: Callback): void {
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: Callback): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.done(error);
    if (!this.#over) {
      this.#over = true;
      this.#port.close(this.remote);
    }
    done(error);
  }

  /** Sends what the window has room for. A chunk is done with once the next may go. */
  #sendOn(): void {
    const pending = this.#pending;
    if (!pending || this.remote === 0) return;
    const window = this.#port.window();
    while (pending.rest.length > 0 && this.#unanswered < window) {
      const data = take(pending.rest, this.#port.maxData());
      this.#unanswered++;
      this.#port.write(this.remote, data);
    }
    if (pending.rest.length > 0 || this.#unanswered >= window) return;
    this.#pending = null;
    pending.done();
  }

  #settle(): void {
    if (this.#over) return;
    for (; this.#owed > 0; this.#owed--) this.#port.acknowledge(this.remote);
  }
}
