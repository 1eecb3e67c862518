import type { BitWriter } from "./bit-writer.ts";
import type { Geometry } from "./picture.ts";

/** Table A-1: level_idc, the macroblocks of its largest frame, and of its fullest second. */
const levels: readonly (readonly [number, number, number])[] = [
  [30, 1620, 40_500],
  [31, 3600, 108_000],
  [32, 5120, 216_000],
  [40, 8192, 245_760],
  [51, 36_864, 983_040],
];

/** The sequence parameter set: constrained baseline, progressive, one reference frame (ITU-T H.264, 7.3.2.1.1). */
export function sequenceParameters(
  out: BitWriter,
  { width, height, columns, rows }: Geometry,
  fps = 30,
): Buffer {
  const macroblocks = columns * rows;
  const level = levels.find(
    ([, frame, second]) => macroblocks <= frame && macroblocks * fps <= second,
  );
  // profile_idc 66 with constraint_set0, 1 and 2
  out.bits(8, 66);
  out.bits(8, 0xe0);
  out.bits(8, level?.[0] ?? 52);
  out.unsigned(0);
  out.unsigned(4); // frame_num has eight bits
  out.unsigned(2); // pictures are output in the order of decoding
  out.unsigned(1);
  out.flag(false);
  out.unsigned(columns - 1);
  out.unsigned(rows - 1);
  out.flag(true);
  out.flag(true);
  const right = (columns * 16 - width) >> 1;
  const bottom = (rows * 16 - height) >> 1;
  out.flag(right > 0 || bottom > 0);
  if (right > 0 || bottom > 0) for (const crop of [0, right, 0, bottom]) out.unsigned(crop);
  // VUI with a bitstream restriction alone, no reordering: decoders show each picture at once.
  out.flag(true);
  out.bits(8, 0);
  out.flag(true);
  out.flag(true);
  for (const value of [0, 0, 11, 11, 0, 1]) out.unsigned(value);
  return out.closeUnit(0x67);
}

/** The picture parameter set: CAVLC, one slice, the deblocking filter under the slice's control (7.3.2.2). */
export function pictureParameters(out: BitWriter): Buffer {
  out.unsigned(0);
  out.unsigned(0);
  out.flag(false);
  out.flag(false);
  for (const value of [0, 0, 0]) out.unsigned(value);
  out.flag(false);
  out.bits(2, 0);
  for (const value of [0, 0, 0]) out.signed(value);
  out.flag(true);
  out.flag(false);
  out.flag(false);
  return out.closeUnit(0x68);
}
