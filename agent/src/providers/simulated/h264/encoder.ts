import { BitWriter } from "./bit-writer.ts";
import { writeBlock } from "./cavlc.ts";
import {
  blockX,
  blockY,
  type Canvas,
  codeChroma,
  codeLuma,
  emptyLevels,
  type Levels,
} from "./intra.ts";
import { type Motions, predictMotion, sameRow, showsFrom } from "./motion.ts";
import { pictureParameters, sequenceParameters } from "./parameter-sets.ts";
import {
  blankPicture,
  copyMacroblock,
  copyRow,
  cropped,
  type FramePlane,
  framePlanes,
  type Geometry,
  geometry,
  type Macroblock,
  type Picture,
} from "./picture.ts";
import { chromaQp, type Quantiser, quantiser } from "./transform.ts";

export interface EncoderOptions {
  /** Even, in pixels. */
  readonly width: number;
  readonly height: number;
  /** 20 (fine) to 51 (coarse); below 20 a level may not fit its escape code. */
  readonly qp?: number;
}

export interface EncodedFrame {
  /** Annex B: one slice, without parameter sets. */
  readonly data: Buffer;
  readonly key: boolean;
}

export const lowestQp = 20;

/**
 * A small H.264 encoder (constrained baseline) for drawn screens, so that a simulated phone has a real video where no other encoder is at hand.
 * A macroblock that did not change is skipped, one that moved up or down is copied by its motion, all others are coded as Intra_16x16. What
 * `reconstruction` gives is byte for byte what a decoder shows.
 */
export class H264Encoder {
  /** SPS and PPS in Annex B, which a decoder needs before the first key frame. */
  readonly config: Buffer;
  readonly geometry: Geometry;
  #qp = 0;
  #luma: Quantiser;
  #chroma: Quantiser;
  readonly #planes: readonly FramePlane[];
  readonly #out = new BitWriter();
  readonly #levels: Levels = emptyLevels();
  readonly #motions: Motions;
  /** Coefficients of every block, for the contexts of the next ones. */
  readonly #lumaCounts: Uint8Array;
  readonly #chromaCounts: readonly [Uint8Array, Uint8Array];
  #picture: Picture;
  #reference: Picture;
  #before: Buffer | null = null;
  #frameNumber = 0;
  #idrId = 0;
  #keyWanted = true;

  constructor({ width, height, qp = 28 }: EncoderOptions) {
    this.geometry = geometry(width, height);
    this.#luma = quantiser(qp);
    this.#chroma = quantiser(chromaQp(qp));
    this.qp = qp;
    this.#planes = framePlanes(this.geometry);
    const count = this.geometry.columns * this.geometry.rows;
    this.#motions = new Float64Array(count);
    this.#lumaCounts = new Uint8Array(count * 16);
    this.#chromaCounts = [new Uint8Array(count * 4), new Uint8Array(count * 4)];
    this.#picture = blankPicture(this.geometry);
    this.#reference = blankPicture(this.geometry);
    this.config = Buffer.concat([
      sequenceParameters(this.#out, this.geometry),
      pictureParameters(this.#out),
    ]);
  }

  get qp(): number {
    return this.#qp;
  }

  /** From the next frame on; each slice says its own. */
  set qp(qp: number) {
    if (!Number.isInteger(qp) || qp < lowestQp || qp > 51)
      throw new RangeError(`QP ${qp} is not between ${lowestQp} and 51`);
    this.#qp = qp;
    this.#luma = quantiser(qp);
    this.#chroma = quantiser(chromaQp(qp));
  }

  /** Makes the next frame decodable on its own. */
  requestKeyFrame(): void {
    this.#keyWanted = true;
  }

  /**
   * Encodes one frame in I420. The frame is kept until the next call and must not be changed. `scrolls` are the distances in pixels (even)
   * that content may have moved up since the last frame: the renderer knows them, so none is searched for.
   */
  encode(frame: Buffer, scrolls: readonly number[] = []): EncodedFrame {
    const key = this.#keyWanted || this.#before === null;
    this.#keyWanted = false;
    [this.#picture, this.#reference] = [this.#reference, this.#picture];
    this.#sliceHeader(key);
    const canvas = { geometry: this.geometry, planes: this.#planes, frame, picture: this.#picture };
    if (key) this.#codeAll(canvas);
    else this.#codeChanges(canvas, scrolls);
    const data = this.#out.closeUnit(key ? 0x65 : 0x61);
    this.#frameNumber = (this.#frameNumber + 1) & 0xff;
    this.#before = frame;
    return { data, key };
  }

  /** The picture a decoder shows now, as I420. */
  reconstruction(): Buffer {
    return cropped(this.#picture, this.geometry);
  }

  /** 7.3.3: one slice, an I slice or a P slice; no deblocking, for what is drawn has hard edges. */
  #sliceHeader(key: boolean): void {
    const out = this.#out;
    if (key) this.#frameNumber = 0;
    out.unsigned(0);
    out.unsigned(key ? 7 : 5);
    out.unsigned(0);
    out.bits(8, this.#frameNumber);
    if (key) {
      out.unsigned(this.#idrId);
      out.bits(2, 0);
      this.#idrId ^= 1;
    } else out.bits(3, 0);
    out.signed(this.#qp - 26);
    out.unsigned(1);
  }

  #codeAll(canvas: Canvas): void {
    const { columns, rows } = this.geometry;
    for (let index = 0; index < columns * rows; index++)
      this.#intra(canvas, this.#macroblock(index), 1);
  }

  #codeChanges(canvas: Canvas, scrolls: readonly number[]): void {
    const { columns, rows } = this.geometry;
    let skipped = 0;
    for (let y = 0; y < rows; y++) {
      const still = this.#before !== null && sameRow(this.#planes, y, [canvas.frame, this.#before]);
      if (still) copyRow({ from: this.#reference, to: this.#picture }, y, this.geometry);
      for (let x = 0; x < columns; x++) {
        const at = this.#macroblock(y * columns + x);
        const motion = still ? 0 : this.#motionOf(canvas.frame, at, scrolls);
        if (motion !== null && !still) this.#copy(at, motion);
        if (motion !== null && this.#moved(at, motion, skipped)) skipped++;
        else {
          if (motion === null) {
            this.#out.unsigned(skipped);
            // Behind the five types of a P macroblock (table 7-13).
            this.#intra(canvas, at, 6);
          }
          skipped = 0;
        }
      }
    }
    if (skipped > 0) this.#out.unsigned(skipped);
  }

  #macroblock(index: number): Macroblock {
    const { columns } = this.geometry;
    return { x: index % columns, y: Math.floor(index / columns), index };
  }

  /** How far what a macroblock shows has moved up since the last frame, in pixels; null when it is new. */
  #motionOf(frame: Buffer, at: Macroblock, scrolls: readonly number[]): number | null {
    if (!this.#before) return null;
    const frames = [frame, this.#before] as const;
    if (showsFrom(this.#planes, { at, dy: 0 }, frames)) return 0;
    const { height } = this.geometry;
    for (const dy of scrolls) {
      const top = at.y * 16 + dy;
      const inside = dy % 2 === 0 && top >= 0 && top + 16 <= height;
      if (inside && showsFrom(this.#planes, { at, dy }, frames)) return dy;
    }
    return null;
  }

  #copy(at: Macroblock, dy: number): void {
    const { stride } = this.geometry;
    copyMacroblock({ from: this.#reference, to: this.#picture }, at, { dy, stride });
  }

  /** A macroblock was taken over from the last picture; true when it needs not be written because its motion is the expected one. */
  #moved(at: Macroblock, dy: number, skippedBefore: number): boolean {
    const { vector, skipped } = predictMotion(this.#motions, this.geometry, at);
    this.#motions[at.index] = dy * 4;
    this.#clearCounts(at);
    if (dy * 4 === skipped) return true;
    const out = this.#out;
    out.unsigned(skippedBefore);
    out.unsigned(0); // P_L0_16x16
    out.signed(0);
    out.signed(dy * 4 - vector);
    out.unsigned(0); // no residual
    return false;
  }

  /** Codes a macroblock anew (7.3.5); `firstType` is the number of the first Intra_16x16 type in this kind of slice. */
  #intra(canvas: Canvas, at: Macroblock, firstType: number): void {
    const levels = this.#levels;
    const { mode, ac } = codeLuma(canvas, at, { levels, q: this.#luma });
    const chroma = Math.max(
      codeChroma(canvas, at, { levels, q: this.#chroma, component: 0 }),
      codeChroma(canvas, at, { levels, q: this.#chroma, component: 1 }),
    );
    this.#motions[at.index] = Number.NaN;
    this.#out.unsigned(firstType + mode + 4 * chroma + (ac ? 12 : 0));
    this.#out.unsigned(0); // chroma by DC
    this.#out.signed(0); // the same QP
    this.#clearCounts(at);
    this.#writeLuma(at, ac);
    this.#writeChroma(at, chroma);
  }

  #writeLuma(at: Macroblock, ac: boolean): void {
    const { lumaDc, luma } = this.#levels;
    const context = (n: number): number =>
      this.#context(this.#lumaCounts, at, { size: 4, x: blockX[n] ?? 0, y: blockY[n] ?? 0 });
    writeBlock(this.#out, { levels: lumaDc, start: 0, end: 16, context: context(0) });
    if (!ac) return;
    for (const [n, levels] of luma.entries()) {
      const count = writeBlock(this.#out, { levels, start: 1, end: 16, context: context(n) });
      this.#lumaCounts[at.index * 16 + (blockY[n] ?? 0) * 4 + (blockX[n] ?? 0)] = count;
    }
  }

  #writeChroma(at: Macroblock, coded: number): void {
    const { chromaDc, chroma } = this.#levels;
    if (coded > 0)
      for (const levels of chromaDc)
        writeBlock(this.#out, { levels, start: 0, end: 4, context: -1 });
    if (coded < 2) return;
    for (const [component, blocks] of chroma.entries()) {
      const counts = this.#chromaCounts[component === 0 ? 0 : 1];
      for (const [n, levels] of blocks.entries()) {
        const context = this.#context(counts, at, { size: 2, x: n & 1, y: n >> 1 });
        counts[at.index * 4 + n] = writeBlock(this.#out, { levels, start: 1, end: 16, context });
      }
    }
  }

  /** nC of 9.2.1 from the blocks to the left and above; `size` is how many blocks a macroblock has in a row. */
  #context(
    counts: Uint8Array,
    at: Macroblock,
    { size, x, y }: { size: number; x: number; y: number },
  ): number {
    const { columns } = this.geometry;
    const own = at.index * size * size;
    const left =
      x > 0
        ? counts[own + y * size + x - 1]
        : at.x > 0
          ? counts[own - size * size + y * size + size - 1]
          : undefined;
    const above =
      y > 0
        ? counts[own + (y - 1) * size + x]
        : at.y > 0
          ? counts[own - columns * size * size + (size - 1) * size + x]
          : undefined;
    if (left !== undefined && above !== undefined) return (left + above + 1) >> 1;
    return left ?? above ?? 0;
  }

  #clearCounts({ index }: Macroblock): void {
    this.#lumaCounts.fill(0, index * 16, index * 16 + 16);
    for (const counts of this.#chromaCounts) counts.fill(0, index * 4, index * 4 + 4);
  }
}
