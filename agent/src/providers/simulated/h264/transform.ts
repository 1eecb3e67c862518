/** The integer transforms and the quantiser of H.264 (ITU-T H.264, 8.5), on blocks of four by four, row by row, in place. */

/** Zigzag scan (8.5.6): where the k-th level of a block stands. */
export const zigzag: readonly number[] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

const multipliers: readonly (readonly [number, number, number])[] = [
  [13107, 5243, 8066],
  [11916, 4660, 7490],
  [10082, 4194, 6554],
  [9362, 3647, 5825],
  [8192, 3355, 5243],
  [7282, 2893, 4559],
];
const scales: readonly (readonly [number, number, number])[] = [
  [10, 16, 13],
  [11, 18, 14],
  [13, 20, 16],
  [14, 23, 18],
  [16, 25, 20],
  [18, 29, 23],
];
/** Which of the three classes of scale a place belongs to: both coordinates even, both odd, or mixed. */
const classOf = Uint8Array.from({ length: 16 }, (_, at) => {
  const odd = (at & 1) + ((at >> 2) & 1);
  return odd === 0 ? 0 : odd === 2 ? 1 : 2;
});

/** One quantiser step: what a value is divided by, and what restores it. */
export interface Quantiser {
  readonly shift: number;
  readonly rounding: number;
  readonly scaleShift: number;
  /** By place in the block. */
  readonly multipliers: Int32Array;
  readonly scales: Int32Array;
}

/** For a QP of 0 to 51. Rounding is a third of a step, as usual for intra blocks. */
export function quantiser(qp: number): Quantiser {
  const sixth = Math.trunc(qp / 6);
  const row = multipliers[qp % 6] ?? [0, 0, 0];
  const back = scales[qp % 6] ?? [0, 0, 0];
  return {
    shift: 15 + sixth,
    rounding: Math.trunc((1 << (15 + sixth)) / 3),
    scaleShift: sixth,
    multipliers: Int32Array.from(classOf, (kind) => row[kind] ?? 0),
    scales: Int32Array.from(classOf, (kind) => back[kind] ?? 0),
  };
}

/** The QP of chroma for one of luma (table 8-15, no offset). */
export function chromaQp(qp: number): number {
  const mapped = [
    29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36, 36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39,
  ];
  return qp < 30 ? qp : (mapped[qp - 30] ?? 39);
}

/** Quantises the AC of a transformed block into `levels`, in scan order; `levels[0]` becomes 0. True when any is left. */
export function quantiseAc(block: Int32Array, levels: Int32Array, q: Quantiser): boolean {
  let any = 0;
  levels[0] = 0;
  for (let k = 1; k < 16; k++) {
    const at = zigzag[k] ?? 0;
    const value = block[at] ?? 0;
    const size = (Math.abs(value) * (q.multipliers[at] ?? 0) + q.rounding) >> q.shift;
    levels[k] = value < 0 ? -size : size;
    any |= size;
  }
  return any !== 0;
}

/** A DC value's level; DC is transformed twice and so quantised by twice the step. */
export function quantiseDc(value: number, q: Quantiser): number {
  const size = (Math.abs(value) * (q.multipliers[0] ?? 0) + 2 * q.rounding) >> (q.shift + 1);
  return value < 0 ? -size : size;
}

/** Restores a block from its AC levels and its DC, ready for `inverse`. */
export function restore(
  levels: Int32Array,
  dc: number,
  { block, q }: { block: Int32Array; q: Quantiser },
): void {
  for (let k = 1; k < 16; k++) {
    const at = zigzag[k] ?? 0;
    block[at] = ((levels[k] ?? 0) * (q.scales[at] ?? 0)) << q.scaleShift;
  }
  block[0] = dc;
}

/** Restores a DC of luma from its level behind the second transform (8.5.10). */
export function restoreLumaDc(value: number, { scales: back, scaleShift }: Quantiser): number {
  const scaled = value * (back[0] ?? 0);
  return scaleShift >= 2
    ? scaled << (scaleShift - 2)
    : (scaled + (1 << (1 - scaleShift))) >> (2 - scaleShift);
}

/** Restores a DC of chroma likewise (8.5.11). */
export const restoreChromaDc = (value: number, { scales: back, scaleShift }: Quantiser): number =>
  ((value * (back[0] ?? 0)) << scaleShift) >> 1;

/** The forward core transform (the inverse of 8.5.12 up to scale). */
export function forward(s: Int32Array): void {
  for (let at = 0; at < 16; at += 4) forwardLine(s, at, 1);
  for (let at = 0; at < 4; at++) forwardLine(s, at, 4);
}

function forwardLine(s: Int32Array, at: number, step: number): void {
  const [p, q, r] = [at + step, at + 2 * step, at + 3 * step];
  const a = (s[at] ?? 0) + (s[r] ?? 0);
  const b = (s[p] ?? 0) + (s[q] ?? 0);
  const c = (s[p] ?? 0) - (s[q] ?? 0);
  const d = (s[at] ?? 0) - (s[r] ?? 0);
  s[at] = a + b;
  s[p] = 2 * d + c;
  s[q] = a - b;
  s[r] = d - 2 * c;
}

/** The inverse core transform with its final rounding (8.5.12). */
export function inverse(s: Int32Array): void {
  for (let at = 0; at < 16; at += 4) inverseLine(s, at, 1);
  for (let at = 0; at < 4; at++) inverseLine(s, at, 4);
  for (let at = 0; at < 16; at++) s[at] = ((s[at] ?? 0) + 32) >> 6;
}

function inverseLine(s: Int32Array, at: number, step: number): void {
  const [p, q, r] = [at + step, at + 2 * step, at + 3 * step];
  const a = (s[at] ?? 0) + (s[q] ?? 0);
  const b = (s[at] ?? 0) - (s[q] ?? 0);
  const c = ((s[p] ?? 0) >> 1) - (s[r] ?? 0);
  const d = (s[p] ?? 0) + ((s[r] ?? 0) >> 1);
  s[at] = a + d;
  s[p] = b + c;
  s[q] = b - c;
  s[r] = a - d;
}

/** The Hadamard transform of the sixteen DCs of luma (8.5.10). */
export function hadamard(s: Int32Array): void {
  for (let at = 0; at < 16; at += 4) hadamardLine(s, at, 1);
  for (let at = 0; at < 4; at++) hadamardLine(s, at, 4);
}

function hadamardLine(s: Int32Array, at: number, step: number): void {
  const [p, q, r] = [at + step, at + 2 * step, at + 3 * step];
  const a = (s[at] ?? 0) + (s[p] ?? 0);
  const b = (s[at] ?? 0) - (s[p] ?? 0);
  const c = (s[q] ?? 0) + (s[r] ?? 0);
  const d = (s[q] ?? 0) - (s[r] ?? 0);
  s[at] = a + c;
  s[p] = a - c;
  s[q] = b - d;
  s[r] = b + d;
}
