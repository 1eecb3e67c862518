import type { Readable } from "node:stream";

/** Reads exact counts of bytes from a stream of chunks. Keeps no more than was asked for and the chunk it came in. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #kept: Buffer[] = [];
  #bytes = 0;

  constructor(input: AsyncIterable<Buffer>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** Null at the end of the stream. */
  async exactly(bytes: number): Promise<Buffer | null> {
    const pieces = await this.pieces(bytes);
    return pieces && (pieces.length === 1 ? (pieces[0] ?? empty) : Buffer.concat(pieces));
  }

  async #gather(bytes: number): Promise<boolean> {
    while (this.#bytes < bytes) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#kept.push(next.value);
      this.#bytes += next.value.length;
    }
    return true;
  }

  /** As many bytes in the pieces they came in, without a copy unless they are crumbs, which cost more memory than they hold. Null at the end of the stream. */
  async pieces(bytes: number): Promise<Buffer[] | null> {
    if (this.#bytes < bytes && !(await this.#gather(bytes))) return null;
    this.#bytes -= bytes;
    const pieces = take(this.#kept, bytes);
    return pieces.length > 2 + bytes / crumbBytes ? [Buffer.concat(pieces)] : pieces;
  }

  /** Whatever has come in, at least a byte. */
  async some(): Promise<Buffer | null> {
    if (this.#bytes > 0) return this.exactly(this.#bytes);
    const next = await this.#chunks.next();
    return next.done ? null : next.value;
  }
}

const empty = Buffer.alloc(0);
const crumbBytes = 4096;
const aheadBytes = 64 * 1024;

/**
 * A stream's chunks one by one; a stream's own iterator joins all that have come, which copies each byte of a fast one. Reads ahead by `aheadBytes` and a chunk.
 * A broken stream ends.
 */
export function chunksOf(stream: Readable): AsyncIterable<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let over = stream.destroyed || stream.readableEnded;
  let wake = (): void => undefined;
  const finish = (): void => {
    over = true;
    wake();
  };
  stream.pause();
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= aheadBytes) stream.pause();
    wake();
  });
  for (const event of ["end", "close", "error"]) stream.once(event, finish);
  const next = async (): Promise<IteratorResult<Buffer>> => {
    while (chunks.length === 0 && !over) {
      stream.resume();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const value = chunks.shift();
    bytes -= value?.length ?? 0;
    return value ? { done: false, value } : { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

/** Takes up to so many bytes off the front, in the pieces they are in; copies nothing. */
export function take(rest: Buffer[], bytes: number): Buffer[] {
  const taken: Buffer[] = [];
  let left = bytes;
  for (let next = rest[0]; next && left > 0; next = rest[0]) {
    taken.push(next.subarray(0, left));
    if (next.length > left) rest[0] = next.subarray(left);
    else rest.shift();
    left -= Math.min(left, next.length);
  }
  return taken;
}
