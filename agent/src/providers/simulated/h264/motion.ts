import type { FramePlane, Geometry, Macroblock } from "./picture.ts";

/** True when a whole row of macroblocks is the same in both frames. */
export function sameRow(
  planes: readonly FramePlane[],
  row: number,
  [now, before]: readonly [Buffer, Buffer],
): boolean {
  for (const { offset, width, height, shift } of planes) {
    const start = offset + ((row * 16) >> shift) * width;
    const end = offset + Math.min(height, (row * 16 + 16) >> shift) * width;
    if (now.compare(before, start, end, start, end) !== 0) return false;
  }
  return true;
}

/** True when a macroblock of the frame shows what lay `dy` pixels further down in the frame before. */
export function showsFrom(
  planes: readonly FramePlane[],
  { at, dy }: { at: Macroblock; dy: number },
  [now, before]: readonly [Buffer, Buffer],
): boolean {
  for (const { offset, width, height, shift } of planes) {
    const size = 16 >> shift;
    const left = at.x * size;
    const right = Math.min(width, left + size);
    const bottom = Math.min(height, at.y * size + size);
    for (let y = at.y * size; y < bottom; y++) {
      const here = offset + y * width;
      const there = offset + (y + (dy >> shift)) * width;
      if (now.compare(before, there + left, there + right, here + left, here + right) !== 0)
        return false;
    }
  }
  return true;
}

/** Vertical motion of every macroblock so far, in quarter pixels; NaN for those coded without motion. */
export type Motions = Float64Array;

/**
 * What a decoder expects of a macroblock's motion from its neighbours (ITU-T H.264, 8.4.1.3): the vector that a coded one is relative to, and
 * the one that a skipped macroblock has (8.4.1.1). Only vertical parts; the horizontal are always 0.
 */
export function predictMotion(
  motions: Motions,
  { columns }: Geometry,
  { x, y, index }: Macroblock,
): { vector: number; skipped: number } {
  const left = x > 0 ? (motions[index - 1] ?? null) : null;
  const above = y > 0 ? (motions[index - columns] ?? null) : null;
  const corner =
    y === 0
      ? null
      : x + 1 < columns
        ? (motions[index - columns + 1] ?? null)
        : x > 0
          ? (motions[index - columns - 1] ?? null)
          : null;
  const skipped = left === null || above === null || left === 0 || above === 0;
  const vector = median(left, above, corner);
  return { vector, skipped: skipped ? 0 : vector };
}

function median(left: number | null, above: number | null, corner: number | null): number {
  if (above === null && corner === null && left !== null) return Number.isNaN(left) ? 0 : left;
  const known = [left, above, corner].filter((motion) => motion !== null && !Number.isNaN(motion));
  if (known.length === 1) return known[0] ?? 0;
  const value = (motion: number | null): number =>
    motion === null || Number.isNaN(motion) ? 0 : motion;
  const [a, b, c] = [value(left), value(above), value(corner)];
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
