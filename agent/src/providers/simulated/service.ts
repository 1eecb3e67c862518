import { Duplex, PassThrough } from "node:stream";

/** What a device service answers on: bytes in, bytes out, like a socket. */
export type ServiceHandler = (io: ServiceIo) => Promise<void>;

/** The device's end of an opened service. */
export interface ServiceIo {
  readonly input: AsyncIterable<Buffer>;
  write(bytes: Buffer | string): Promise<void>;
  /** Aborted when the other end has gone, or the phone has lost power. */
  readonly signal: AbortSignal;
}

/** Runs a handler behind a Duplex, with back-pressure both ways; the stream ends when the handler does. */
export function serve(handler: ServiceHandler, power: AbortSignal): Duplex {
  const toDevice = new PassThrough();
  const fromDevice = new PassThrough();
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, power]);
  const duplex = Duplex.from({ readable: fromDevice, writable: toDevice });
  duplex.on("error", () => undefined);
  toDevice.on("error", () => undefined);
  fromDevice.on("error", () => undefined);
  duplex.once("close", () => gone.abort());
  signal.addEventListener("abort", () => duplex.destroy(), { once: true });
  const io: ServiceIo = {
    input: toDevice,
    signal,
    async write(bytes) {
      if (signal.aborted || fromDevice.writableEnded) return;
      if (!fromDevice.write(bytes))
        await new Promise<void>((resolve) => {
          const go = (): void => {
            fromDevice.off("drain", go);
            fromDevice.off("close", go);
            resolve();
          };
          fromDevice.once("drain", go);
          fromDevice.once("close", go);
        });
    },
  };
  handler(io).then(
    () => fromDevice.end(),
    () => fromDevice.end(),
  );
  return duplex;
}

/** Reads exact counts of bytes from a stream of chunks; at most `maxBytes` are kept back. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #kept: Buffer = Buffer.alloc(0);

  constructor(input: AsyncIterable<Buffer>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** Null at the end of the stream. */
  async exactly(bytes: number): Promise<Buffer | null> {
    while (this.#kept.length < bytes) {
      const next = await this.#chunks.next();
      if (next.done) return null;
      this.#kept = this.#kept.length === 0 ? next.value : Buffer.concat([this.#kept, next.value]);
    }
    const wanted = this.#kept.subarray(0, bytes);
    this.#kept = this.#kept.subarray(bytes);
    return wanted;
  }

  /** Whatever has come in, at least a byte. */
  async some(): Promise<Buffer | null> {
    if (this.#kept.length === 0) {
      const next = await this.#chunks.next();
      return next.done ? null : next.value;
    }
    const kept = this.#kept;
    this.#kept = Buffer.alloc(0);
    return kept;
  }
}
