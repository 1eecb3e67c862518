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
    while (this.#bytes < bytes) {
      const next = await this.#chunks.next();
      if (next.done) return null;
      this.#kept.push(next.value);
      this.#bytes += next.value.length;
    }
    const all = this.#kept.length === 1 ? (this.#kept[0] ?? empty) : Buffer.concat(this.#kept);
    this.#bytes -= bytes;
    this.#kept = this.#bytes > 0 ? [all.subarray(bytes)] : [];
    return all.subarray(0, bytes);
  }

  /** Whatever has come in, at least a byte. */
  async some(): Promise<Buffer | null> {
    if (this.#bytes > 0) return this.exactly(this.#bytes);
    const next = await this.#chunks.next();
    return next.done ? null : next.value;
  }
}

const empty = Buffer.alloc(0);
