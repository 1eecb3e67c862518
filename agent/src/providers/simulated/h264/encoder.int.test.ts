import { describe, expect, it } from "vitest";
import { H264Encoder } from "./encoder.ts";
import { decode, withoutFfmpeg } from "./testing.ts";

/** A made-up screen: a list of cards, with noise where it is asked for. Deterministic. */
function scene(width: number, height: number) {
  return ({ scrolled = 0, noise = 0, blink = false }): Buffer => {
    const frame = Buffer.alloc((width * height * 3) / 2, 128);
    let seed = 1 + noise;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const row = y + scrolled;
        const inside = row % 96 > 16 && row % 96 < 80 && x > 16 && x < 80;
        let value = inside ? 60 + ((Math.floor(row / 96) * 53) % 150) : row % 96 < 8 ? 235 : 200;
        if (noise > 0) {
          seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
          value = (seed >>> 24) & 0xff;
        }
        if (blink && y < 24 && x > width - 80) value = 20;
        frame[y * width + x] = value;
      }
    for (let at = width * height; at < frame.length; at++)
      frame[at] = 100 + ((at * 7 + (noise || Math.floor(scrolled / 96))) % 50);
    return frame;
  };
}

describe.skipIf(withoutFfmpeg)("the encoder's stream, decoded by ffmpeg", () => {
  it.each([
    { width: 360, height: 640, qp: 28 },
    { width: 354, height: 638, qp: 20 },
    { width: 96, height: 160, qp: 40 },
    { width: 16, height: 16, qp: 51 },
  ])(
    "is its own reconstruction, byte for byte, at $width by $height with QP $qp",
    ({ width, height, qp }) => {
      const encoder = new H264Encoder({ width, height, qp });
      const draw = scene(width, height);
      const frames = [
        draw({}),
        draw({}),
        draw({ blink: true }),
        draw({ scrolled: 12 }),
        draw({ scrolled: 24 }),
        draw({ scrolled: 14 }),
        draw({ noise: 1 }),
        draw({ noise: 2 }),
        draw({}),
      ];
      const stream: Buffer[] = [];
      const shown: Buffer[] = [];
      for (const [index, frame] of frames.entries()) {
        if (index === 5) encoder.requestKeyFrame();
        const { data, key } = encoder.encode(frame, [12, -10]);
        expect(key).toBe(index === 0 || index === 5);
        if (key) stream.push(encoder.config);
        stream.push(data);
        shown.push(encoder.reconstruction());
      }
      expect(decode(Buffer.concat(stream), "yuv420p").equals(Buffer.concat(shown))).toBe(true);
    },
  );
});
