import { Transform, type TransformCallback } from "node:stream";

/**
 * Lets MQTT packets through to the broker only while each declares a length within the cap; the broker itself would buffer
 * 256 MiB for whoever says so, before sign-in (facts: four sockets took 600 MB). MQTT 3.1.1 section 2.2.3: the length is 1-4 bytes of 7 bits.
 */
export class PacketGuard extends Transform {
  readonly #maxBytes: number;
  #body = 0;
  #inHeader = false;
  #length = 0;
  #shift = 0;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
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
      if (this.#length > this.#maxBytes || (byte & 0x80 && this.#shift > 21)) {
        done(new Error("an MQTT packet is larger than allowed"));
        return;
      }
      if (byte & 0x80) continue;
      this.#inHeader = false;
      this.#body = this.#length;
    }
    done(null, chunk);
  }
}
