/**
 * Converts pixels of four bytes (red, green, blue, alpha) to I420 by BT.601, limited range, which players assume of small videos that say nothing.
 * Both sizes are even; chroma is the mean of four pixels.
 */
export function toI420(pixels: Uint8Array, width: number, height: number): Buffer {
  const frame = Buffer.allocUnsafe((width * height * 3) / 2);
  for (let at = 0; at < width * height; at++) {
    const [red, green, blue] = [
      pixels[at * 4] ?? 0,
      pixels[at * 4 + 1] ?? 0,
      pixels[at * 4 + 2] ?? 0,
    ];
    frame[at] = ((66 * red + 129 * green + 25 * blue + 128) >> 8) + 16;
  }
  const half = width / 2;
  let cb = width * height;
  let cr = cb + (half * height) / 2;
  for (let y = 0; y < height; y += 2)
    for (let x = 0; x < width; x += 2) {
      const first = (y * width + x) * 4;
      const below = first + width * 4;
      const sum = (channel: number): number =>
        (pixels[first + channel] ?? 0) +
        (pixels[first + 4 + channel] ?? 0) +
        (pixels[below + channel] ?? 0) +
        (pixels[below + 4 + channel] ?? 0);
      const [red, green, blue] = [sum(0), sum(1), sum(2)];
      frame[cb++] = ((-38 * red - 74 * green + 112 * blue + 512) >> 10) + 128;
      frame[cr++] = ((112 * red - 94 * green - 18 * blue + 512) >> 10) + 128;
    }
  return frame;
}
