import type { Frame } from "../ui/frame.ts";

/**
 * Turns pictures of one size into I420 by BT.601, limited range, which players assume of small videos that say nothing. Only pairs of rows that
 * differ from the last picture are converted. Both sizes are even; chroma is the mean of four pixels.
 */
export class Converter {
  readonly #width: number;
  readonly #height: number;
  readonly #last: Buffer;
  readonly #frame: Buffer;
  #fresh = true;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#last = Buffer.alloc(width * height * 4);
    this.#frame = Buffer.alloc((width * height * 3) / 2);
  }

  /** A frame of its own for the caller to keep, or null when nothing has changed. */
  convert({ words }: Frame): Buffer | null {
    const pixels = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
    const pairBytes = this.#width * 8;
    let changed = false;
    for (let pair = 0; pair < this.#height / 2; pair++) {
      const from = pair * pairBytes;
      const to = from + pairBytes;
      if (!this.#fresh && pixels.compare(this.#last, from, to, from, to) === 0) continue;
      this.#pair(pixels, pair);
      pixels.copy(this.#last, from, from, to);
      changed = true;
    }
    this.#fresh = false;
    return changed ? Buffer.from(this.#frame) : null;
  }

  #pair(pixels: Buffer, pair: number): void {
    const width = this.#width;
    const frame = this.#frame;
    const first = pair * 2 * width;
    for (let at = first; at < first + 2 * width; at++) {
      const byte = at * 4;
      const sum =
        66 * (pixels[byte] ?? 0) + 129 * (pixels[byte + 1] ?? 0) + 25 * (pixels[byte + 2] ?? 0);
      frame[at] = ((sum + 128) >> 8) + 16;
    }
    let cb = width * this.#height + (pair * width) / 2;
    let cr = cb + (width * this.#height) / 4;
    for (let x = 0; x < width; x += 2) {
      const byte = (first + x) * 4;
      const below = byte + width * 4;
      const red = sumOf(pixels, byte, below);
      const green = sumOf(pixels, byte + 1, below + 1);
      const blue = sumOf(pixels, byte + 2, below + 2);
      frame[cb++] = ((-38 * red - 74 * green + 112 * blue + 512) >> 10) + 128;
      frame[cr++] = ((112 * red - 94 * green - 18 * blue + 512) >> 10) + 128;
    }
  }
}

const sumOf = (pixels: Buffer, upper: number, lower: number): number =>
  (pixels[upper] ?? 0) + (pixels[upper + 4] ?? 0) + (pixels[lower] ?? 0) + (pixels[lower + 4] ?? 0);
