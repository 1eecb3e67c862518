import type { Colour, Frame } from "./home-screen.ts";

/** Glyphs of five by seven pixels, two more where a letter hangs below the line: a byte for each row, its five low bits from left to right. */
const glyphs: Readonly<Record<string, string>> = {
  " ": "00000000000000",
  "0": "0e11131519110e",
  "1": "040c040404040e",
  "2": "0e11010204081f",
  "3": "1f02040201110e",
  "4": "02060a121f0202",
  "5": "1f101e0101110e",
  "6": "0608101e11110e",
  "7": "1f010204080808",
  "8": "0e11110e11110e",
  "9": "0e11110f01020c",
  A: "0e11111f111111",
  B: "1e11111e11111e",
  C: "0e11101010110e",
  D: "1c12111111121c",
  E: "1f10101e10101f",
  F: "1f10101e101010",
  G: "0e11101711110f",
  H: "1111111f111111",
  I: "0e04040404040e",
  J: "0702020202120c",
  K: "11121418141211",
  L: "1010101010101f",
  M: "111b1515111111",
  N: "11111915131111",
  O: "0e11111111110e",
  P: "1e11111e101010",
  Q: "0e11111115120d",
  R: "1e11111e141211",
  S: "0f10100e01011e",
  T: "1f040404040404",
  U: "1111111111110e",
  V: "11111111110a04",
  W: "1111111515150a",
  X: "11110a040a1111",
  Y: "1111110a040404",
  Z: "1f01020408101f",
  a: "00000e010f110f",
  b: "1010161911111e",
  c: "00000e1010110e",
  d: "01010d1311110f",
  e: "00000e111f100e",
  f: "0609081c080808",
  g: "00000f1111110f010e",
  h: "10101619111111",
  i: "04000c0404040e",
  j: "02000602020202120c",
  k: "10101214181412",
  l: "0c04040404040e",
  m: "00001a15151111",
  n: "00001619111111",
  o: "00000e1111110e",
  p: "00001e1111111e1010",
  q: "00000f1111110f0101",
  r: "00001619101010",
  s: "00000e100e011e",
  t: "08081c08080906",
  u: "0000111111130d",
  v: "00001111110a04",
  w: "0000111115150a",
  x: "0000110a040a11",
  y: "0000111111110f010e",
  z: "00001f0204081f",
  ".": "00000000000c0c",
  ",": "000000000c0408",
  ":": "000c0c000c0c00",
  "-": "0000001f000000",
  _: "0000000000001f",
  "/": "00010204081000",
  "@": "0e11010d15150e",
  "!": "04040404000004",
  "?": "0e110102040004",
  "(": "02040808080402",
  ")": "08040202020408",
  "+": "0004041f040400",
  "=": "00001f001f0000",
  "#": "0a0a1f0a1f0a0a",
  "%": "18190204081303",
  "'": "0c040800000000",
  '"': "0a0a0a00000000",
  "*": "0004150e150400",
};

const unknown = "1f11111111111f";

/** Width of a text in pixels; each glyph takes five and a gap. */
export const textWidth = (text: string, scale: number): number =>
  Math.max(0, Array.from(text).length * 6 - 1) * scale;

/** Draws text with its upper left corner at (x, y), each of the font's pixels `scale` large; what the font lacks is a box. */
export function drawText(
  frame: Frame,
  text: string,
  style: { x: number; y: number; scale: number; colour: Colour },
): void {
  for (const [index, char] of Array.from(text).entries()) {
    const rows = glyphs[char] ?? unknown;
    for (let bit = 0; bit < (rows.length / 2) * 5; bit++) {
      const row = Math.floor(bit / 5);
      const lit = (Number.parseInt(rows.slice(row * 2, row * 2 + 2), 16) >> (4 - (bit % 5))) & 1;
      if (!lit) continue;
      const left = style.x + (index * 6 + (bit % 5)) * style.scale;
      dot(frame, { ...style, left, top: style.y + row * style.scale });
    }
  }
}

interface Dot {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
  readonly colour: Colour;
}

function dot(frame: Frame, { left, top, scale, colour }: Dot): void {
  for (let y = Math.max(0, top); y < Math.min(frame.height, top + scale); y++)
    for (let x = Math.max(0, left); x < Math.min(frame.width, left + scale); x++) {
      const at = (y * frame.width + x) * 4;
      frame.pixels[at] = colour[0];
      frame.pixels[at + 1] = colour[1];
      frame.pixels[at + 2] = colour[2];
      frame.pixels[at + 3] = 255;
    }
}
