import { Worker } from "node:worker_threads";
import type { Frame } from "../ui/frame.ts";
import type { EncodedPacket, EncodeOptions, VideoEncoder } from "./video-encoder.ts";

/** To the thread. Frames are not sent: they lie in memory that both sides see, and only one side has its turn. */
export type EncoderRequest =
  | {
      readonly type: "open";
      readonly encoder: number;
      readonly width: number;
      readonly height: number;
      readonly bitRate: number;
      readonly words: Uint32Array<SharedArrayBuffer>;
    }
  | ({ readonly type: "encode"; readonly encoder: number } & EncodeOptions)
  | { readonly type: "close"; readonly encoder: number };

/** From the thread, one for each `encode`. */
export interface EncoderAnswer {
  readonly encoder: number;
  readonly packets: readonly {
    readonly data: Uint8Array;
    readonly key?: boolean;
    readonly config?: boolean;
  }[];
}

type Waiting = PromiseWithResolvers<EncodedPacket[]>;

/** The thread that all encoders of this process share: it stays warm from one viewer to the next. Made for the first, made anew should it die. */
class EncoderThread {
  readonly #worker = new Worker(new URL("encoder-worker.ts", import.meta.url));
  readonly #waiting = new Map<number, Waiting>();
  #encoders = 0;
  isAlive = true;

  constructor() {
    this.#worker.unref();
    this.#worker.on("message", ({ encoder, packets }: EncoderAnswer) => {
      const waiting = this.#waiting.get(encoder);
      this.#waiting.delete(encoder);
      waiting?.resolve(
        packets.map((packet) => ({ ...packet, data: Buffer.from(packet.data.buffer) })),
      );
    });
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("the encoder's thread ended")));
  }

  /** Another number for each encoder. */
  next(): number {
    return ++this.#encoders;
  }

  post(request: EncoderRequest): void {
    this.#worker.postMessage(request, []);
  }

  async encode(encoder: number, options: EncodeOptions): Promise<EncodedPacket[]> {
    if (!this.isAlive) throw new Error("Video encoding error: the encoder's thread has ended");
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting.set(encoder, waiting);
    this.post({ type: "encode", encoder, ...options });
    return waiting.promise;
  }

  #end(error: unknown): void {
    this.isAlive = false;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

let thread: EncoderThread | null = null;

/**
 * The encoder of drawn screens away from the thread that everything else of the agent runs on, as a phone's is: a scene of its own takes 10 ms and more, in
 * which nobody's packets would go out. One call of `encode` at a time.
 */
export class ThreadEncoder implements VideoEncoder {
  readonly #thread: EncoderThread;
  readonly #encoder: number;
  readonly #words: Uint32Array<SharedArrayBuffer>;
  #begun = false;

  constructor(size: { width: number; height: number }, bitRate: number) {
    thread = thread?.isAlive ? thread : new EncoderThread();
    this.#thread = thread;
    this.#encoder = thread.next();
    this.#words = new Uint32Array(new SharedArrayBuffer(size.width * size.height * 4));
    thread.post({ type: "open", encoder: this.#encoder, ...size, bitRate, words: this.#words });
  }

  async encode({ words }: Frame, { scrolled, force }: EncodeOptions): Promise<EncodedPacket[]> {
    const isSame = this.#begun && bytesOf(words).equals(bytesOf(this.#words));
    if (isSame && !force) return [];
    this.#begun = true;
    if (!isSame) this.#words.set(words);
    return this.#thread.encode(this.#encoder, { scrolled, force });
  }

  close(): void {
    this.#thread.post({ type: "close", encoder: this.#encoder });
  }
}

const bytesOf = (words: Uint32Array): Buffer =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength);
