/** A picture's size in pixels and in macroblocks of sixteen by sixteen; `stride` is a luma row's length in a `Picture`. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly stride: number;
}

/** For even sizes: chroma has half of each. */
export function geometry(width: number, height: number): Geometry {
  if (width % 2 !== 0 || height % 2 !== 0 || width < 16 || height < 16)
    throw new RangeError(`no picture of ${width} by ${height}: sizes are even, and 16 at least`);
  const columns = (width + 15) >> 4;
  return { width, height, columns, rows: (height + 15) >> 4, stride: columns * 16 };
}

/** Three planes (Y, Cb, Cr) of whole macroblocks, as the decoder holds them. */
export type Picture = readonly [Uint8Array, Uint8Array, Uint8Array];

export function blankPicture({ stride, rows }: Geometry): Picture {
  const plane = (shift: number): Uint8Array =>
    new Uint8Array((stride >> shift) * ((rows * 16) >> shift));
  return [plane(0), plane(1), plane(1)];
}

/** A place in a frame: which macroblock. */
export interface Macroblock {
  readonly x: number;
  readonly y: number;
  /** In raster order. */
  readonly index: number;
}

/** Three planes one behind the other without padding (I420), as a camera or a renderer gives them. */
export interface FramePlane {
  /** Where it begins in the frame. */
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  /** 0 for luma, 1 for chroma: how far sizes are shifted. */
  readonly shift: number;
}

export function framePlanes({ width, height }: Geometry): readonly FramePlane[] {
  const luma = { offset: 0, width, height, shift: 0 };
  const chroma = { width: width >> 1, height: height >> 1, shift: 1 };
  const offset = width * height;
  return [
    luma,
    { ...chroma, offset },
    { ...chroma, offset: offset + chroma.width * chroma.height },
  ];
}

/** A picture without its padding, as I420. */
export function cropped(picture: Picture, { width, height, stride }: Geometry): Buffer {
  return Buffer.concat(
    picture.flatMap((plane, index) => {
      const shift = index === 0 ? 0 : 1;
      return Array.from({ length: height >> shift }, (_, y) => {
        const from = y * (stride >> shift);
        return plane.subarray(from, from + (width >> shift));
      });
    }),
  );
}

/** Copies one macroblock of a picture into another, from `dy` pixels further down (even). */
export function copyMacroblock(
  { from, to }: { from: Picture; to: Picture },
  { x, y }: Macroblock,
  { dy, stride }: { dy: number; stride: number },
): void {
  for (let p = 0; p < 3; p++) {
    const shift = p === 0 ? 0 : 1;
    const size = 16 >> shift;
    const rowLength = stride >> shift;
    const source = from[p];
    const target = to[p];
    if (!source || !target) return;
    for (let row = 0; row < size; row++) {
      const at = (y * size + row) * rowLength + x * size;
      const start = at + (dy >> shift) * rowLength;
      target.set(source.subarray(start, start + size), at);
    }
  }
}

/** Copies a row of macroblocks of a picture into another, at the same place. */
export function copyRow(
  { from, to }: { from: Picture; to: Picture },
  row: number,
  { stride }: Geometry,
): void {
  for (let p = 0; p < 3; p++) {
    const shift = p === 0 ? 0 : 1;
    const bytes = (stride >> shift) * (16 >> shift);
    const source = from[p]?.subarray(row * bytes, (row + 1) * bytes);
    if (source) to[p]?.set(source, row * bytes);
  }
}
