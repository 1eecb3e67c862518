import type { FramePlane, Geometry, Macroblock, Picture } from "./picture.ts";
import {
  forward,
  hadamard,
  inverse,
  type Quantiser,
  quantiseAc,
  quantiseDc,
  restore,
  restoreChromaDc,
  restoreLumaDc,
  zigzag,
} from "./transform.ts";

/** Where the n-th block of luma lies in its macroblock, in blocks (ITU-T H.264, figure 6-10). */
export const blockX: readonly number[] = Array.from(
  { length: 16 },
  (_, n) => (n & 1) | ((n >> 1) & 2),
);
export const blockY: readonly number[] = Array.from(
  { length: 16 },
  (_, n) => ((n >> 1) & 1) | ((n >> 2) & 2),
);

/** What a macroblock is made from: the frame to be shown and the picture that the decoder builds, changed as it goes. */
export interface Canvas {
  readonly geometry: Geometry;
  readonly planes: readonly FramePlane[];
  readonly frame: Buffer;
  readonly picture: Picture;
}

/** The levels of one intra macroblock of 16 by 16, reused from one to the next. */
export interface Levels {
  readonly lumaDc: Int32Array;
  readonly luma: readonly Int32Array[];
  readonly chromaDc: readonly [Int32Array, Int32Array];
  readonly chroma: readonly [readonly Int32Array[], readonly Int32Array[]];
}

export function emptyLevels(): Levels {
  const blocks = (count: number): Int32Array[] =>
    Array.from({ length: count }, () => new Int32Array(16));
  return {
    lumaDc: new Int32Array(16),
    luma: blocks(16),
    chromaDc: [new Int32Array(4), new Int32Array(4)],
    chroma: [blocks(4), blocks(4)],
  };
}

const block = new Int32Array(16);
const dcs = new Int32Array(16);
const predicted = new Uint8Array(256);
const source = new Uint8Array(256);

/**
 * Codes the luma of a macroblock as Intra_16x16 into `levels.lumaDc` and `levels.luma`, and writes what the decoder will see into the picture.
 * Returns the prediction mode (8.3.3: 0 vertical, 1 horizontal, 2 DC) and whether any AC is left.
 */
export function codeLuma(
  canvas: Canvas,
  at: Macroblock,
  { levels, q }: { levels: Levels; q: Quantiser },
): { mode: number; ac: boolean } {
  const { stride } = canvas.geometry;
  const plane = canvas.picture[0];
  const origin = at.y * 16 * stride + at.x * 16;
  read(canvas, 0, { x: at.x * 16, y: at.y * 16, size: 16 });
  const mode = predictLuma(plane, at, { origin, stride });
  const rest = evenRest();
  if (rest !== null) {
    levels.lumaDc.fill(0);
    const level = quantiseDc(128 * rest, q);
    levels.lumaDc[0] = level;
    addEvenly(plane, { origin, stride }, (restoreLumaDc(level, q) + 32) >> 6);
    return { mode, ac: false };
  }
  let ac = false;
  for (let n = 0; n < 16; n++) {
    const corner = (blockY[n] ?? 0) * 64 + (blockX[n] ?? 0) * 4;
    for (let i = 0; i < 16; i++) {
      const place = corner + (i >> 2) * 16 + (i & 3);
      block[i] = (source[place] ?? 0) - (predicted[place] ?? 0);
    }
    forward(block);
    dcs[(blockY[n] ?? 0) * 4 + (blockX[n] ?? 0)] = block[0] ?? 0;
    if (quantiseAc(block, levels.luma[n] ?? block, q)) ac = true;
  }
  hadamard(dcs);
  for (let k = 0; k < 16; k++) levels.lumaDc[k] = quantiseDc((dcs[zigzag[k] ?? 0] ?? 0) >> 1, q);
  for (let k = 0; k < 16; k++) dcs[zigzag[k] ?? 0] = levels.lumaDc[k] ?? 0;
  hadamard(dcs);
  for (let n = 0; n < 16; n++) {
    const corner = (blockY[n] ?? 0) * 64 + (blockX[n] ?? 0) * 4;
    const dc = restoreLumaDc(dcs[(blockY[n] ?? 0) * 4 + (blockX[n] ?? 0)] ?? 0, q);
    restore(levels.luma[n] ?? block, dc, { block, q });
    inverse(block);
    for (let i = 0; i < 16; i++) {
      const place = corner + (i >> 2) * 16 + (i & 3);
      const to = origin + (place >> 4) * stride + (place & 15);
      plane[to] = clamp((predicted[place] ?? 0) + (block[i] ?? 0));
    }
  }
  return { mode, ac };
}

/**
 * By how much all of a macroblock differs from its prediction, or null when not evenly: most of what is drawn is plain. Its transforms are known then: one
 * coefficient, 16 times the difference in each block and 128 times behind the second transform.
 */
function evenRest(): number | null {
  const rest = (source[0] ?? 0) - (predicted[0] ?? 0);
  for (let place = 1; place < 256; place++)
    if ((source[place] ?? 0) - (predicted[place] ?? 0) !== rest) return null;
  return rest;
}

function addEvenly(
  plane: Uint8Array,
  { origin, stride }: { origin: number; stride: number },
  rest: number,
): void {
  for (let place = 0; place < 256; place++)
    plane[origin + (place >> 4) * stride + (place & 15)] = clamp((predicted[place] ?? 0) + rest);
}

/** Reads a square of the frame into `source`, rows of its size; beyond the edge the last pixel is repeated. */
function read(
  { planes, frame }: Canvas,
  p: number,
  { x, y, size }: { x: number; y: number; size: number },
): void {
  const plane = planes[p];
  if (!plane) return;
  for (let row = 0; row < size; row++) {
    const line = plane.offset + Math.min(plane.height - 1, y + row) * plane.width;
    for (let column = 0; column < size; column++)
      source[row * size + column] = frame[line + Math.min(plane.width - 1, x + column)] ?? 0;
  }
}

/** Fills `predicted` by the mode that fits best, judged on every fourth pixel. */
function predictLuma(
  plane: Uint8Array,
  { x, y }: Macroblock,
  { origin, stride }: { origin: number; stride: number },
): number {
  const above = origin - stride;
  const count = (y > 0 ? 16 : 0) + (x > 0 ? 16 : 0);
  let sum = 0;
  if (y > 0) for (let column = 0; column < 16; column++) sum += plane[above + column] ?? 0;
  if (x > 0) for (let row = 0; row < 16; row++) sum += plane[origin + row * stride - 1] ?? 0;
  const dc = count === 0 ? 128 : (sum + count / 2) >> (count === 32 ? 5 : 4);
  const guess = (mode: number, row: number, column: number): number =>
    mode === 2
      ? dc
      : mode === 0
        ? (plane[above + column] ?? 0)
        : (plane[origin + row * stride - 1] ?? 0);
  let best = Number.POSITIVE_INFINITY;
  let chosen = 2;
  for (const mode of [2, 0, 1]) {
    if ((mode === 0 && y === 0) || (mode === 1 && x === 0)) continue;
    let difference = 0;
    for (let row = 0; row < 16; row += 2)
      for (let column = 0; column < 16; column += 2)
        difference += Math.abs((source[row * 16 + column] ?? 0) - guess(mode, row, column));
    if (difference >= best) continue;
    best = difference;
    chosen = mode;
  }
  for (let place = 0; place < 256; place++)
    predicted[place] = guess(chosen, place >> 4, place & 15);
  return chosen;
}

/** The same for one plane of chroma, by DC prediction (8.3.4.1); returns 0, 1 or 2: nothing, DC alone, or AC as well is coded. */
export function codeChroma(
  canvas: Canvas,
  at: Macroblock,
  { levels, q, component }: { levels: Levels; q: Quantiser; component: 0 | 1 },
): 0 | 1 | 2 {
  const stride = canvas.geometry.stride >> 1;
  const plane = canvas.picture[component === 0 ? 1 : 2];
  const origin = at.y * 8 * stride + at.x * 8;
  const guesses = [0, 1, 2, 3].map((n) => predictChroma(plane, at, { n, origin, stride }));
  const blocks = levels.chroma[component];
  const dcLevels = levels.chromaDc[component];
  const dc = [0, 0, 0, 0];
  let ac = false;
  read(canvas, component + 1, { x: at.x * 8, y: at.y * 8, size: 8 });
  for (let n = 0; n < 4; n++) {
    const corner = (n >> 1) * 32 + (n & 1) * 4;
    let isEven = true;
    for (let i = 0; i < 16; i++) {
      const rest = (source[corner + (i >> 2) * 8 + (i & 3)] ?? 0) - (guesses[n] ?? 0);
      block[i] = rest;
      if (rest !== block[0]) isEven = false;
    }
    if (isEven) {
      dc[n] = 16 * (block[0] ?? 0);
      blocks[n]?.fill(0);
      continue;
    }
    forward(block);
    dc[n] = block[0] ?? 0;
    if (quantiseAc(block, blocks[n] ?? block, q)) ac = true;
  }
  for (const [k, value] of hadamard2(dc).entries()) dcLevels[k] = quantiseDc(value, q);
  const restored = hadamard2([...dcLevels]);
  for (let n = 0; n < 4; n++) {
    restore(blocks[n] ?? block, restoreChromaDc(restored[n] ?? 0, q), { block, q });
    inverse(block);
    const corner = origin + (n >> 1) * 4 * stride + (n & 1) * 4;
    for (let i = 0; i < 16; i++)
      plane[corner + (i >> 2) * stride + (i & 3)] = clamp((guesses[n] ?? 0) + (block[i] ?? 0));
  }
  return ac ? 2 : dcLevels.some((level) => level !== 0) ? 1 : 0;
}

function predictChroma(
  plane: Uint8Array,
  { x, y }: Macroblock,
  { n, origin, stride }: { n: number; origin: number; stride: number },
): number {
  const corner = origin + (n >> 1) * 4 * stride + (n & 1) * 4;
  let top = 0;
  let left = 0;
  if (y > 0)
    for (let column = 0; column < 4; column++)
      top += plane[origin - stride + (n & 1) * 4 + column] ?? 0;
  if (x > 0)
    for (let row = 0; row < 4; row++) left += plane[corner - (n & 1) * 4 + row * stride - 1] ?? 0;
  const diagonal = n === 0 || n === 3;
  if (x > 0 && y > 0 && diagonal) return (top + left + 4) >> 3;
  // The upper right block looks up first, the lower left one to the left first.
  const up = y > 0 && (n !== 2 || x === 0);
  return up ? (top + 2) >> 2 : x > 0 ? (left + 2) >> 2 : 128;
}

const hadamard2 = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number[] => [
  a + b + c + d,
  a - b + c - d,
  a + b - c - d,
  a - b - c + d,
];

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);
