import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ByteReader } from "../../byte-reader.ts";
import { type LoopbackServer, startLoopback } from "./loopback-server.ts";
import type { SimPhone } from "./phone.ts";

// AOSP packages/modules/adb/protocol.txt: six little-endian words, then the payload.
const commands = {
  CNXN: 0x4e584e43,
  OPEN: 0x4e45504f,
  OKAY: 0x59414b4f,
  WRTE: 0x45545257,
  CLSE: 0x45534c43,
} as const;
const version = 0x01000001;
const maxPayload = 1024 * 1024;
const banner =
  "device::ro.product.name=simphone;ro.product.model=SimPhone;ro.product.device=simphone;features=shell_v2,cmd";

interface Message {
  readonly command: number;
  readonly arg0: number;
  readonly arg1: number;
  readonly data: Buffer;
}

/**
 * The device's side of the adb protocol over TCP, without authentication: what `adb connect 127.0.0.1:PORT` of a real adb reaches. One port
 * per phone, on loopback only.
 */
export const startTransport = (phone: SimPhone, port = 0): Promise<LoopbackServer> =>
  startLoopback(port, (socket) => new Connection(phone, socket).run());

interface OpenStream {
  readonly local: number;
  readonly remote: number;
  readonly duplex: Duplex;
  /** The other end acknowledges each write before the next may go. */
  ready: PromiseWithResolvers<void>;
}

const maxStreams = 256;
const lingerMs = 1000;

class Connection {
  readonly #phone: SimPhone;
  readonly #socket: Socket;
  readonly #streams = new Map<number, OpenStream>();
  #nextId = 1;
  #maxData = 4096;
  #checksums = false;

  constructor(phone: SimPhone, socket: Socket) {
    this.#phone = phone;
    this.#socket = socket;
  }

  async run(): Promise<void> {
    const reader = new ByteReader(this.#socket);
    const hangUp = (): void => void this.#socket.destroy();
    const power = this.#phone.power;
    if (!power) return hangUp();
    power.addEventListener("abort", hangUp);
    try {
      for (let message = await read(reader); message; message = await read(reader))
        this.#take(message);
    } finally {
      power.removeEventListener("abort", hangUp);
      for (const stream of this.#streams.values()) stream.duplex.destroy();
      this.#socket.destroy();
    }
  }

  #take({ command, arg0, arg1, data }: Message): void {
    if (command === commands.CNXN) {
      this.#checksums = arg0 < version;
      this.#maxData = Math.min(arg1, maxPayload);
      this.#send(commands.CNXN, { arg0: version, arg1: maxPayload, data: Buffer.from(banner) });
      return;
    }
    if (command === commands.OPEN) {
      this.#open(arg0, data.toString("utf8").replace(/\0$/, ""));
      return;
    }
    const stream = this.#streams.get(arg1);
    if (!stream) {
      if (command === commands.WRTE) this.#send(commands.CLSE, { arg0: 0, arg1: arg0 });
      return;
    }
    if (command === commands.OKAY) {
      stream.ready.resolve();
      return;
    }
    if (command === commands.CLSE) {
      this.#streams.delete(stream.local);
      stream.ready.resolve();
      // What the client wrote is complete and may still be at work; a follower of the log has a moment to see that nobody reads.
      stream.duplex.end();
      stream.duplex.resume();
      setTimeout(() => stream.duplex.destroy(), lingerMs).unref();
      return;
    }
    if (command === commands.WRTE) {
      const acknowledge = (): void =>
        this.#send(commands.OKAY, { arg0: stream.local, arg1: stream.remote });
      if (stream.duplex.write(data)) acknowledge();
      else stream.duplex.once("drain", acknowledge);
    }
  }

  #open(remote: number, service: string): void {
    const duplex = this.#streams.size < maxStreams ? this.#phone.open(service) : null;
    if (!duplex) {
      this.#send(commands.CLSE, { arg0: 0, arg1: remote });
      return;
    }
    const stream: OpenStream = {
      local: this.#nextId++,
      remote,
      duplex,
      ready: Promise.withResolvers<void>(),
    };
    this.#streams.set(stream.local, stream);
    this.#send(commands.OKAY, { arg0: stream.local, arg1: remote });
    this.#pump(stream).catch(() => duplex.destroy());
  }

  async #pump(stream: OpenStream): Promise<void> {
    try {
      for await (const chunk of stream.duplex as AsyncIterable<Buffer>) {
        for (
          let at = 0;
          at < chunk.length && this.#streams.has(stream.local);
          at += this.#maxData
        ) {
          stream.ready = Promise.withResolvers<void>();
          const data = chunk.subarray(at, at + this.#maxData);
          this.#send(commands.WRTE, { arg0: stream.local, arg1: stream.remote, data });
          await stream.ready.promise;
        }
      }
    } finally {
      if (this.#streams.delete(stream.local))
        this.#send(commands.CLSE, { arg0: stream.local, arg1: stream.remote });
    }
  }

  #send(
    command: number,
    { arg0, arg1, data }: { arg0: number; arg1: number; data?: Buffer },
  ): void {
    if (this.#socket.destroyed) return;
    const body = data ?? Buffer.alloc(0);
    const header = Buffer.alloc(24);
    const sum = this.#checksums ? body.reduce((total, byte) => (total + byte) >>> 0, 0) : 0;
    for (const [index, word] of [
      command,
      arg0,
      arg1,
      body.length,
      sum,
      (command ^ 0xffffffff) >>> 0,
    ].entries())
      header.writeUInt32LE(word, index * 4);
    this.#socket.write(Buffer.concat([header, body]));
  }
}

async function read(reader: ByteReader): Promise<Message | null> {
  const header = await reader.exactly(24);
  if (!header) return null;
  const length = header.readUInt32LE(12);
  const command = header.readUInt32LE(0);
  // Anything else than adb talks here: hang up.
  if (length > maxPayload || header.readUInt32LE(20) !== (command ^ 0xffffffff) >>> 0) return null;
  const data = length > 0 ? await reader.exactly(length) : Buffer.alloc(0);
  return data && { command, arg0: header.readUInt32LE(4), arg1: header.readUInt32LE(8), data };
}
