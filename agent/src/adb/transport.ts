import type { Duplex } from "node:stream";
import {
  adbCommands as commands,
  adbVersion,
  maxPayloadBytes,
  windowedPayloadBytes,
  windowFeature,
  windowWrites,
} from "@cloudphone/shared/adb-wire";
import { ByteReader, chunksOf } from "../byte-reader.ts";
import { AdbStream } from "./transport-stream.ts";
import { bytesOf, encodeHeader, firstPayloadBytes, type Message, readMessage } from "./message.ts";

export interface TransportOptions {
  /** What this end says of itself: "device::ro.product.name=…;features=shell_v2,cmd", or "host::features=…". */
  readonly banner: () => Promise<string> | string;
  /** Answers the other end's OPEN; null, or a rejection, refuses. */
  readonly onOpen: (service: string) => Promise<Duplex | null> | Duplex | null;
  readonly maxStreams?: number;
  /** Both ends ours, and far apart: several writes of a stream may be under way, when the other end's banner has `windowFeature` too. */
  readonly windowed?: boolean;
}

/** What the other end said of itself. */
export interface Peer {
  readonly banner: string;
  readonly features: ReadonlySet<string>;
}

const defaultMaxStreams = 256;
/** A packet of this size or less goes out in one piece with its header. */
const copyBytes = 16 * 1024;
const lingerMs = 1000;
const flushMs = 30_000;

/**
 * One end of the adb transport protocol over any byte stream, without authentication: who may speak here was decided before. Both ends are alike but
 * for who says CNXN first, so the device's side (simulated phones, the relay's host end) and the client's side (our own shell, push and pull) are the same code.
 *
 * Memory is bounded: a stream has one unacknowledged write each way, as the protocol wants it (or a window of 1 MiB between two ends of ours), and a peer that sends more is cut off, as is one that asks and asks and reads no answers.
 */
export class AdbTransport {
  readonly #wire: Duplex;
  readonly #options: TransportOptions;
  readonly #streams = new Map<number, AdbStream>();
  readonly #peer = Promise.withResolvers<Peer>();
  #opening = 0;
  #nextId = 1;
  #maxData = firstPayloadBytes;
  #window = 1;
  #checksums = true;
  #greeted = false;

  constructor(wire: Duplex, options: TransportOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#peer.promise.catch(() => undefined);
  }

  /** Serves until the wire ends or the other end breaks the protocol; the wire and every stream are then destroyed. Never rejects. */
  async run(): Promise<void> {
    const reader = new ByteReader(chunksOf(this.#wire));
    const checksums = (): boolean => this.#checksums && this.#greeted;
    try {
      for (;;) {
        const message = await readMessage(reader, { checksums });
        if (!message || !(await this.#take(message)) || this.#isFlooded()) break;
      }
    } catch {
      // The wire broke: the same as its end.
    } finally {
      for (const stream of this.#streams.values()) stream.lost();
      this.#streams.clear();
      this.#wire.destroy();
      this.#peer.reject(new Error("the adb connection ended"));
    }
  }

  /** The client's first word; resolves with what the device says of itself. */
  async connect(): Promise<Peer> {
    await this.#greet();
    return this.#peer.promise;
  }

  /** Opens a service of the other end. Rejects when it refuses, or when the connection ends. */
  open(service: string): Promise<Duplex> {
    const stream = this.#add();
    this.#send({
      command: commands.OPEN,
      arg0: stream.local,
      arg1: 0,
      data: [Buffer.from(`${service}\0`)],
    });
    return stream.opened;
  }

  /** More waits to be sent than one write of each stream: the rest are answers that the other end does not read. To wait for it here could be for ever, when it waits for us. */
  #isFlooded(): boolean {
    return this.#wire.writableLength > (this.#streams.size + 1) * maxPayloadBytes;
  }

  async #take(message: Message): Promise<boolean> {
    const { command, arg0, arg1, data } = message;
    if (command === commands.CNXN) return this.#meet(message);
    if (!this.#greeted) return false;
    if (command === commands.OPEN) {
      void this.#open(arg0, textOf(data));
      return true;
    }
    const stream = this.#streams.get(arg1);
    if (!stream || (stream.remote !== 0 && stream.remote !== arg0 && command !== commands.CLSE)) {
      if (command === commands.WRTE)
        this.#send({ command: commands.CLSE, arg0: 0, arg1: arg0, data: [] });
      return true;
    }
    if (command === commands.OKAY) stream.acknowledged(arg0);
    else if (command === commands.WRTE) return stream.received(data);
    else if (command === commands.CLSE) {
      this.#streams.delete(stream.local);
      stream.finished();
    }
    // Anything else (AUTH, STLS, SYNC) is not for us, and protocol.txt says to ignore it.
    return true;
  }

  async #meet({ arg0, arg1, data }: Message): Promise<boolean> {
    this.#checksums = arg0 < adbVersion;
    this.#maxData = Math.min(arg1, maxPayloadBytes);
    if (this.#maxData < 1) return false;
    const banner = textOf(data);
    const features = /(?:^|[;:])features=([^;]*)/.exec(banner)?.[1] ?? "";
    const known = new Set(features.split(",").filter(Boolean));
    if (this.#options.windowed && known.has(windowFeature)) {
      this.#window = windowWrites;
      this.#maxData = Math.min(this.#maxData, windowedPayloadBytes);
    }
    if (!this.#greeted) await this.#greet();
    this.#peer.resolve({ banner, features: known });
    return true;
  }

  async #greet(): Promise<void> {
    this.#greeted = true;
    const banner = await this.#options.banner();
    const text = this.#options.windowed ? `${banner},${windowFeature}` : banner;
    const data = [Buffer.from(text)];
    this.#send({ command: commands.CNXN, arg0: adbVersion, arg1: maxPayloadBytes, data });
  }

  async #open(remote: number, service: string): Promise<void> {
    const refuse = (): void =>
      this.#send({ command: commands.CLSE, arg0: 0, arg1: remote, data: [] });
    const max = this.#options.maxStreams ?? defaultMaxStreams;
    if (remote === 0 || this.#streams.size + this.#opening >= max) return refuse();
    this.#opening++;
    const duplex = await Promise.resolve()
      .then(() => this.#options.onOpen(service))
      .catch(() => null)
      .finally(() => this.#opening--);
    if (!duplex) return refuse();
    if (this.#wire.destroyed) {
      duplex.destroy();
      return;
    }
    const stream = this.#add();
    stream.acknowledged(remote);
    this.#send({ command: commands.OKAY, arg0: stream.local, arg1: remote, data: [] });
    join(stream, duplex);
  }

  #add(): AdbStream {
    const local = this.#nextId;
    this.#nextId = this.#nextId === 0xffffffff ? 1 : this.#nextId + 1;
    const stream = new AdbStream(local, {
      maxData: () => this.#maxData,
      window: () => this.#window,
      write: (remote, data) =>
        this.#send({ command: commands.WRTE, arg0: local, arg1: remote, data }),
      acknowledge: (remote) =>
        this.#send({ command: commands.OKAY, arg0: local, arg1: remote, data: [] }),
      close: (remote) => {
        if (this.#streams.delete(local))
          this.#send({ command: commands.CLSE, arg0: local, arg1: remote, data: [] });
      },
    });
    this.#streams.set(local, stream);
    return stream;
  }

  #send(message: Message): void {
    const wire = this.#wire;
    if (wire.destroyed || wire.writableEnded) return;
    const header = encodeHeader(message, { checksums: this.#checksums });
    const { data } = message;
    corkForThisTurn(wire);
    if (data.length === 0) wire.write(header);
    else if (bytesOf(data) <= copyBytes) wire.write(Buffer.concat([header, ...data]));
    else {
      wire.write(header);
      for (const piece of data) wire.write(piece);
    }
    // Nothing comes after it, so the wire may be closed at once.
    if (message.command === commands.CLSE) wire.uncork();
  }
}

/** What is written in one turn of the event loop goes out as one. */
function corkForThisTurn(stream: Duplex): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

const textOf = (data: readonly Buffer[]): string =>
  Buffer.concat(data).toString("utf8").replace(/\0+$/, "");

/**
 * Carries bytes between a stream that the other end opened and the service it asked for. adb knows no half-closed stream: when the service has said
 * all, the stream is closed; when the other end closes, what it wrote is complete and may still be at work, so the service has a moment to end by itself.
 */
function join(stream: AdbStream, service: Duplex): void {
  service.on("error", () => stream.destroy());
  service.once("close", () => {
    if (!service.readableEnded) stream.destroy();
  });
  stream.on("error", () => service.destroy());
  service.pipe(stream);
  // Before the pipe writes it: a write of the other end's comes in pieces, and what reads at the service's far end would take each by itself.
  stream.on("data", () => corkForThisTurn(service));
  stream.pipe(service);
  stream.once("close", () => {
    service.unpipe(stream);
    service.resume();
    const destroyIn = (ms: number): void => void setTimeout(() => service.destroy(), ms).unref();
    // What was written still has its way to go, which may be a long one.
    if (service.writableFinished) return destroyIn(lingerMs);
    service.once("finish", () => destroyIn(lingerMs));
    if (!service.writableEnded) service.end();
    destroyIn(flushMs);
  });
}
