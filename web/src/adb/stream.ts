import { windowedPayloadBytes } from "@cloudphone/shared/adb-wire";
import { Pieces } from "@cloudphone/shared/pieces";

/** What a stream needs of its connection. */
export interface StreamPort {
  /** Writes that may be unanswered at once; 1 in plain adb. */
  window(): number;
  maxData(): number;
  write(remote: number, data: Uint8Array): void;
  acknowledge(remote: number): void;
  close(remote: number): void;
}

/**
 * One opened service of a phone, as bytes in and out. The other end's writes are answered once their bytes were taken by whoever reads, and a write of ours resolves
 * once the next may go: the slower side sets the pace, and no more than a window (1 MiB at most) waits in between.
 */
export class PhoneStream {
  readonly #port: StreamPort;
  readonly #opened = Promise.withResolvers<PhoneStream>();
  readonly #pieces = new Pieces();
  #remote = 0;
  /** Sizes of the other end's writes that were not answered yet, oldest first. */
  #owed: number[] = [];
  #unanswered = 0;
  #over = false;
  #wake: (() => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(port: StreamPort) {
    this.#port = port;
    this.#opened.promise.catch(() => undefined);
  }

  /** Rejects when the phone refuses the service. */
  get opened(): Promise<PhoneStream> {
    return this.#opened.promise;
  }

  /** So many bytes; null at the end of the stream. */
  async exactly(bytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#pieces.bytes < bytes) {
      if (this.#over) return null;
      // What is asked for may be more than the window lets come unanswered.
      this.#answer(this.#owed.length);
      await this.#change();
    }
    const taken = this.#pieces.take(bytes);
    this.#answer(this.#countTaken());
    return taken;
  }

  /** Resolves once all of it is on its way; false when nobody takes it any more. What is written meanwhile comes after it. */
  write(data: Uint8Array): Promise<boolean> {
    const turn = this.#turn.then(() => this.#write(data));
    this.#turn = turn;
    return turn;
  }

  async #write(data: Uint8Array): Promise<boolean> {
    for (let at = 0; at < data.length; ) {
      while (!this.#over && this.#unanswered >= this.#port.window()) await this.#change();
      if (this.#over) return false;
      const bytes = Math.min(this.#port.maxData(), windowedPayloadBytes);
      this.#unanswered++;
      this.#port.write(this.#remote, data.subarray(at, at + bytes));
      at += bytes;
    }
    return !this.#over;
  }

  close(): void {
    if (this.#over) return;
    this.#end();
    this.#port.close(this.#remote);
  }

  /** OKAY: the stream is open, or the last write was taken. */
  acknowledged(remote: number): void {
    if (this.#remote === 0) {
      this.#remote = remote;
      this.#opened.resolve(this);
    } else this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#changed();
  }

  /** WRTE. False when the other end did not wait for our answers. */
  received(data: Uint8Array): boolean {
    if (this.#over) return true;
    if (this.#owed.length >= this.#port.window()) return false;
    this.#owed.push(data.length);
    this.#pieces.push(data);
    this.#changed();
    return true;
  }

  /** CLSE, or the connection is gone: what has come can still be read. */
  finished(): void {
    if (this.#remote === 0) this.#opened.reject(new Error("the phone refused the service"));
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#owed = [];
    this.#changed();
  }

  /** How many of the oldest unanswered writes have been read to their last byte. */
  #countTaken(): number {
    let left = this.#pieces.bytes;
    let unread = 0;
    for (const bytes of this.#owed.toReversed()) {
      if (left <= 0) break;
      left -= bytes;
      unread++;
    }
    return this.#owed.length - unread;
  }

  #answer(count: number): void {
    if (this.#over) return;
    this.#owed.splice(0, count);
    for (let left = count; left > 0; left--) this.#port.acknowledge(this.#remote);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
