import { Fault } from "./fault.ts";
import { Pieces } from "./pieces.ts";

/**
 * A session of the purpose `glance`: small pictures of a phone's screen, for lists. The viewer sends one byte for each picture that it wants, and the host answers with a frame:
 * length u32 (big-endian), then so many bytes of PNG.
 */

/** Pixels; the height follows from the screen's. */
export const glanceWidth = 180;
/** No small picture is larger. */
const maxGlanceBytes = 1024 ** 2;
const headBytes = 4;

export function glanceFrame(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headBytes + png.length);
  new DataView(frame.buffer).setUint32(0, png.length);
  frame.set(png, headBytes);
  return frame;
}

/** Puts the pictures together again from bytes that come in pieces of any size. */
export class GlanceFrames {
  readonly #pieces = new Pieces();

  /** Those that are whole now. A Fault when one says that it is larger than any is. */
  push(piece: Uint8Array): Uint8Array<ArrayBuffer>[] {
    this.#pieces.push(piece);
    const pictures: Uint8Array<ArrayBuffer>[] = [];
    while (this.#pieces.bytes >= headBytes) {
      const head = this.#pieces.front(headBytes);
      const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
      if (length > maxGlanceBytes)
        throw new Fault("bad_input", "What came on the line is no small picture.");
      if (this.#pieces.bytes < headBytes + length) break;
      pictures.push(this.#pieces.take(headBytes + length).subarray(headBytes));
    }
    return pictures;
  }
}
