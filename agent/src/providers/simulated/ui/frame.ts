import { eachGlyphPixel, glyphWidth } from "./font.ts";

/** A picture: one 32-bit word a pixel, whose bytes are red, green, blue and alpha in this order. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly words: Uint32Array;
}

export type Colour = readonly [number, number, number];

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const blankFrame = (width: number, height: number): Frame => ({
  width,
  height,
  words: new Uint32Array(width * height),
});

/** A frame in another size, by the nearest pixels; itself when it has that size. */
export function resized(frame: Frame, size: { width: number; height: number }): Frame {
  if (frame.width === size.width && frame.height === size.height) return frame;
  const words = new Uint32Array(size.width * size.height);
  const columns = Uint32Array.from({ length: size.width }, (_, x) =>
    Math.floor(((x + 0.5) * frame.width) / size.width),
  );
  for (let y = 0; y < size.height; y++) {
    const from = Math.floor(((y + 0.5) * frame.height) / size.height) * frame.width;
    for (let x = 0; x < size.width; x++)
      words[y * size.width + x] = frame.words[from + (columns[x] ?? 0)] ?? 0;
  }
  return { ...size, words };
}

/** The frame's bytes: red, green, blue, alpha. */
export const bytesOf = ({ words }: Frame): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Every machine that runs this is little-endian (x64, arm64): the first byte is the lowest. */
export const wordOf = ([red, green, blue]: Colour): number =>
  (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;

/** One unit of the layout, a font's pixel: two on a screen 360 pixels wide. Landscape and portrait have the same. */
export const unit = ({ width, height }: Pick<Frame, "width" | "height">): number =>
  Math.max(1, Math.round(Math.min(width, height) / 180));

export const contains = (box: Box, { x, y }: { x: number; y: number }): boolean =>
  x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;

export function fill(frame: Frame, box: Box, colour: Colour): void {
  const left = Math.max(0, Math.floor(box.x));
  const right = Math.min(frame.width, Math.floor(box.x + box.width));
  const bottom = Math.min(frame.height, Math.floor(box.y + box.height));
  if (right <= left) return;
  const word = wordOf(colour);
  for (let y = Math.max(0, Math.floor(box.y)); y < bottom; y++)
    frame.words.fill(word, y * frame.width + left, y * frame.width + right);
}

/** A box with round corners. */
export function rounded(frame: Frame, box: Box, colour: Colour): void {
  const radius = Math.min(box.width, box.height) * 0.28;
  for (let row = 0; row < box.height; row++) {
    const edge = Math.max(0, radius - row - 0.5, row + 0.5 - (box.height - radius));
    const inset = Math.round(radius - Math.sqrt(Math.max(0, radius * radius - edge * edge)));
    const line = { x: box.x + inset, y: box.y + row, width: box.width - inset * 2, height: 1 };
    fill(frame, line, colour);
  }
}

/** A ring, for a finger's ripple. */
export function ring(
  frame: Frame,
  { x, y, radius, width }: { x: number; y: number; radius: number; width: number },
  colour: Colour,
): void {
  const word = wordOf(colour);
  const outer = radius * radius;
  const inner = Math.max(0, radius - width) ** 2;
  for (
    let row = Math.max(0, Math.floor(y - radius));
    row <= Math.min(frame.height - 1, y + radius);
    row++
  )
    for (
      let column = Math.max(0, Math.floor(x - radius));
      column <= Math.min(frame.width - 1, x + radius);
      column++
    ) {
      const distance = (column - x) ** 2 + (row - y) ** 2;
      if (distance <= outer && distance >= inner) frame.words[row * frame.width + column] = word;
    }
}

export interface TextStyle {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly colour: Colour;
}

/** Draws text with its upper left corner at (x, y), each of the font's pixels `scale` large. */
export function drawText(frame: Frame, text: string, { x, y, scale, colour }: TextStyle): void {
  let left = x;
  for (const char of text) {
    if (left > frame.width) return;
    const at = left;
    eachGlyphPixel(char, (column, row) => {
      fill(
        frame,
        { x: at + column * scale, y: y + row * scale, width: scale, height: scale },
        colour,
      );
    });
    left += glyphWidth * scale;
  }
}

export const textWidth = (text: string, scale: number): number =>
  Math.max(0, Array.from(text).length * glyphWidth - 1) * scale;

export function centred(frame: Frame, text: string, style: Omit<TextStyle, "x">): void {
  const x = Math.floor((frame.width - textWidth(text, style.scale)) / 2);
  drawText(frame, text, { ...style, x });
}

/** As much of the end of a text as fits into a width. */
export function tail(text: string, width: number, scale: number): string {
  const fits = Math.max(0, Math.floor(width / (glyphWidth * scale)));
  return fits === 0 ? "" : Array.from(text).slice(-fits).join("");
}
