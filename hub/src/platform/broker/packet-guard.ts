import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * A client's connection as the broker gets it. Lets MQTT packets through only while each declares a length within the cap; the broker itself would
 * buffer 256 MiB for whoever says so, before sign-in (facts: four sockets took 600 MB). And what the broker writes in one turn goes out in one system call:
 * it writes a packet in up to six pieces, and each was a call of its own, more than half of what a message by itself cost the hub.
 */
export class GuardedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #lengths: PacketLengths;

  constructor(socket: Socket, maxPacketBytes: number) {
    super();
    this.#socket = socket;
    this.#lengths = new PacketLengths(maxPacketBytes);
    socket.on("data", (chunk: Buffer) => {
      if (!this.#lengths.allow(chunk))
        this.destroy(new Error("an MQTT packet is larger than allowed"));
      else if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    // What could not be written is not told twice: then the socket closes, and so does this.
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteCallback): void {
    this.#socket.write(chunk, () => done());
  }

  override _writev(pieces: { chunk: Buffer }[], done: WriteCallback): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), () => done());
  }

  override _final(done: WriteCallback): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: WriteCallback): void {
    this.#socket.destroy();
    done(error);
  }
}

type WriteCallback = (error?: Error | null) => void;

/** Reads the lengths that packets declare. MQTT 3.1.1 section 2.2.3: the length is 1-4 bytes of 7 bits. */
class PacketLengths {
  readonly #maxBytes: number;
  #body = 0;
  #inHeader = false;
  #length = 0;
  #shift = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False once one is larger than allowed. */
  allow(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      if (this.#body > 0) {
        const skip = Math.min(this.#body, chunk.length - at);
        this.#body -= skip;
        at += skip;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (!this.#inHeader) {
        this.#inHeader = true;
        this.#length = 0;
        this.#shift = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 2 ** this.#shift;
      this.#shift += 7;
      if (this.#length > this.#maxBytes || (byte & 0x80 && this.#shift > 21)) return false;
      if (byte & 0x80) continue;
      this.#inHeader = false;
      this.#body = this.#length;
    }
    return true;
  }
}
