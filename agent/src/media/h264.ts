/** H.264 as scrcpy sends it: byte streams with start codes (ITU-T H.264, annex B). Pure. */

export const unitTypes = { slice: 1, key: 5, sei: 6, sps: 7, pps: 8, delimiter: 9 } as const;

export const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 31;

/** The NAL units of a byte stream, without start codes; views into it, nothing is copied. */
export function splitUnits(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let begin = -1;
  for (let at = stream.indexOf(mark); at !== -1; at = stream.indexOf(mark, at + 3)) {
    if (begin !== -1) units.push(stream.subarray(begin, trimmed(stream, begin, at)));
    begin = at + 3;
  }
  if (begin !== -1 && begin < stream.length) units.push(stream.subarray(begin));
  return units;
}

const mark = Buffer.from([0, 0, 1]);

/** Zero bytes before a start code belong to it, not to the unit. */
function trimmed(stream: Buffer, begin: number, end: number): number {
  let last = end;
  while (last > begin && stream[last - 1] === 0) last--;
  return last;
}

/** A picture's size in pixels as its sequence parameter set says it (7.3.2.1.1), or null for one that can't be read. */
export function sizeOf(sps: Buffer): { width: number; height: number } | null {
  if (typeOf(sps) !== unitTypes.sps) return null;
  try {
    return readSize(new BitReader(unescape(sps.subarray(1))));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** 7.4.1: without the bytes that keep start codes from appearing inside a unit. */
function unescape(payload: Buffer): Buffer {
  const bytes = Buffer.alloc(payload.length);
  let length = 0;
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    bytes[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return bytes.subarray(0, length);
}

const profilesWithChroma = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

function readSize(bits: BitReader): { width: number; height: number } {
  const profile = bits.read(8);
  bits.read(16);
  bits.unsigned();
  let chroma = 1;
  if (profilesWithChroma.includes(profile)) {
    chroma = bits.unsigned();
    if (chroma === 3) bits.read(1);
    bits.unsigned();
    bits.unsigned();
    bits.read(1);
    if (bits.read(1) === 1) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.unsigned();
  const orderType = bits.unsigned();
  if (orderType === 0) bits.unsigned();
  else if (orderType === 1) {
    bits.read(1);
    bits.unsigned();
    bits.unsigned();
    const count = bits.unsigned();
    for (let cycle = 0; cycle < Math.min(count, 255); cycle++) bits.unsigned();
  }
  bits.unsigned();
  bits.read(1);
  const columns = bits.unsigned() + 1;
  const rows = bits.unsigned() + 1;
  const progressive = bits.read(1);
  if (progressive === 0) bits.read(1);
  bits.read(1);
  const crop = bits.read(1) === 1 ? Array.from({ length: 4 }, () => bits.unsigned()) : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - progressive);
  const width = columns * 16 - (left + right) * unitX;
  const height = rows * 16 * (2 - progressive) - (top + bottom) * unitY;
  if (width < 1 || height < 1 || width > 16_384 || height > 16_384)
    throw new RangeError("no size of a picture");
  return { width, height };
}

function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (bits.read(1) === 0) continue;
    let next = 8;
    for (let entry = 0; entry < (list < 6 ? 16 : 64) && next !== 0; entry++)
      next = (next + bits.signed() + 256) % 256;
  }
}

class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--, this.#at++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new RangeError("the parameter set ends too early");
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** ue(v) of 9.1. */
  unsigned(): number {
    let zeros = 0;
    while (this.read(1) === 0) if (++zeros > 31) throw new RangeError("no Exp-Golomb code");
    return 2 ** zeros - 1 + this.read(zeros);
  }

  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
