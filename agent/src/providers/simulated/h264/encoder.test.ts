import { describe, expect, it } from "vitest";
import { wordOf } from "../ui/frame.ts";
import { Converter } from "./colour.ts";
import { H264Encoder } from "./encoder.ts";

const grey = (width: number, height: number, level: number): Buffer => {
  const frame = Buffer.alloc((width * height * 3) / 2, 128);
  frame.fill(level, 0, width * height);
  return frame;
};

describe("the encoder of drawn screens", () => {
  it("begins with a key frame and gives another when asked", () => {
    const encoder = new H264Encoder({ width: 64, height: 64 });
    const keys = [1, 2, 3].map(() => encoder.encode(grey(64, 64, 100)).key);
    encoder.requestKeyFrame();
    expect([...keys, encoder.encode(grey(64, 64, 100)).key]).toEqual([true, false, false, true]);
  });

  it("spends a handful of bytes on a picture that did not change", () => {
    const encoder = new H264Encoder({ width: 720, height: 1280 });
    encoder.encode(grey(720, 1280, 100));
    expect(encoder.encode(grey(720, 1280, 100)).data.length).toBeLessThan(16);
  });

  it("comes near to what it is given, and nearer with a finer quantiser", () => {
    const width = 64;
    const frame = grey(width, width, 0);
    for (let at = 0; at < width * width; at++)
      frame[at] = ((at % width) * 3 + Math.floor(at / width)) & 0xff;
    const worst = (qp: number): number => {
      const encoder = new H264Encoder({ width, height: width, qp });
      encoder.encode(frame);
      const shown = encoder.reconstruction();
      return frame.reduce(
        (most, value, at) => Math.max(most, Math.abs(value - (shown[at] ?? 0))),
        0,
      );
    };
    expect(worst(20)).toBeLessThanOrEqual(16);
    expect(worst(20)).toBeLessThan(worst(44));
  });

  it("refuses odd sizes and quantisers it has no codes for", () => {
    expect(() => new H264Encoder({ width: 63, height: 64 })).toThrow("sizes are even");
    expect(() => new H264Encoder({ width: 64, height: 64, qp: 10 })).toThrow("QP 10");
  });
});

describe("colours", () => {
  it.each([
    { colour: [0, 0, 0], expected: [16, 128, 128] },
    { colour: [255, 255, 255], expected: [235, 128, 128] },
    { colour: [255, 0, 0], expected: [82, 90, 240] },
    { colour: [0, 0, 255], expected: [41, 240, 110] },
  ] as const)("$colour become $expected by BT.601", ({ colour, expected }) => {
    const words = new Uint32Array(4).fill(wordOf(colour));
    const frame = new Converter(2, 2).convert({ width: 2, height: 2, words });
    expect([frame?.[0], frame?.[4], frame?.[5]]).toEqual(expected);
  });

  it("are converted again only where the picture changed, and to the same as from scratch", () => {
    const converter = new Converter(8, 8);
    const words = new Uint32Array(64).fill(wordOf([10, 200, 30]));
    const first = converter.convert({ width: 8, height: 8, words });
    expect(converter.convert({ width: 8, height: 8, words })).toBeNull();
    words[33] = wordOf([250, 0, 120]);
    const second = converter.convert({ width: 8, height: 8, words });
    expect(second).toEqual(new Converter(8, 8).convert({ width: 8, height: 8, words }));
    expect(second).not.toEqual(first);
  });
});
