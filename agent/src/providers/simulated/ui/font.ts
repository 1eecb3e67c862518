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

/** Five pixels and a gap. */
export const glyphWidth = 6;

/** Calls back with every lit pixel of a character's glyph, from its upper left corner. What the font lacks has a pattern of its own in a frame. */
export function eachGlyphPixel(char: string, lit: (column: number, row: number) => void): void {
  const rows = glyphs[char] ?? patternOf(char);
  for (let row = 0; row < rows.length / 2; row++) {
    const bits = Number.parseInt(rows.slice(row * 2, row * 2 + 2), 16);
    for (let column = 0; column < 5; column++) if ((bits >> (4 - column)) & 1) lit(column, row);
  }
}

/** Another one for nearly every character, so that two texts in a script the font lacks look different. */
function patternOf(char: string): string {
  let bits = Math.imul(char.codePointAt(0) ?? 0, 2_654_435_761) >>> 0;
  let rows = "1f";
  for (let row = 0; row < 5; row++) {
    rows += (0x11 | ((bits & 7) << 1)).toString(16);
    bits >>>= 3;
  }
  return `${rows}1f`;
}
