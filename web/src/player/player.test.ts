import { liveKinds } from "@cloudphone/shared/live";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pictureBox, shareOf } from "./geometry.ts";
import { keyInput } from "./keys.ts";
import { encodeMessage, Frames } from "./line.ts";
import { Percentiles } from "./percentiles.ts";
import { codecOf } from "./relay-video.ts";

describe("a picture in its element", () => {
  it("is whole, centred, and as large as can be", () => {
    expect(pictureBox({ width: 400, height: 400 }, { width: 360, height: 720 })).toEqual({
      x: 100,
      y: 0,
      width: 200,
      height: 400,
    });
    expect(pictureBox({ width: 400, height: 900 }, { width: 360, height: 720 })).toEqual({
      x: 0,
      y: 50,
      width: 400,
      height: 800,
    });
  });

  it("turns places into shares, also beside it", () => {
    const [element, picture] = [
      { width: 400, height: 400 },
      { width: 360, height: 720 },
    ];
    expect(shareOf({ x: 200, y: 100 }, element, picture)).toEqual({ x: 0.5, y: 0.25 });
    expect(shareOf({ x: 50, y: 0 }, element, picture)).toEqual({ x: -0.25, y: 0 });
    expect(shareOf({ x: -1e6, y: 1e6 }, element, picture)).toEqual({ x: -1, y: 2 });
  });
});

describe("a key of a physical keyboard", () => {
  const key = (name: string, held: object = {}) =>
    keyInput(
      { key: name, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...held },
      "down",
    );

  it("writes by its layout: letters and marks are no keys of the phone", () => {
    for (const name of ["a", "Z", "ß", "é", "你", " ", "Dead", "Process"])
      expect(key(name)).toBeNull();
  });

  it("is the phone's own where it writes nothing, with what is held beside it", () => {
    expect(key("Enter")).toEqual({ type: "key", action: "down", keycode: 66, meta: 0 });
    expect(key("ArrowLeft", { shiftKey: true })).toMatchObject({ keycode: 21, meta: 1 });
    expect(key("a", { ctrlKey: true })).toMatchObject({ keycode: 29, meta: 0x1000 });
    expect(key("C", { metaKey: true })).toMatchObject({ keycode: 31, meta: 0x1000 });
    expect(key("v", { ctrlKey: true })).toBeNull();
  });
});

describe("frames of the relay", () => {
  it("come together again from pieces of any size", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 60 }), { maxLength: 8 }),
        sizes,
        (texts, cuts) => {
          const all = texts.flatMap((text) => [
            ...encodeMessage({ type: "input", input: { type: "text", text } }),
          ]);
          const frames = new Frames();
          const found: string[] = [];
          for (let at = 0, turn = 0; at < all.length; turn++) {
            const length = cuts[turn % cuts.length] ?? 1;
            for (const { kind, body } of frames.push(Uint8Array.from(all.slice(at, at + length)))) {
              expect(kind).toBe(liveKinds.message);
              found.push(
                (JSON.parse(new TextDecoder().decode(body)) as { input: { text: string } }).input
                  .text,
              );
            }
            at += length;
          }
          expect(found).toEqual(texts);
        },
      ),
    );
  });
});

describe("the codec of a picture", () => {
  it("is read from its sequence parameter set", () => {
    expect(codecOf(Uint8Array.from([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 9, 9, 9]))).toBe(
      "avc1.42e01f",
    );
    expect(codecOf(Uint8Array.from([0, 0, 0, 1, 0x65, 1, 2, 3, 4, 5, 6]))).toBeNull();
  });
});

describe("percentiles", () => {
  it("are of the newest values", () => {
    const values = new Percentiles(100);
    expect(values.at(0.5)).toBe(0);
    for (let value = 0; value < 200; value++) values.add(value);
    expect([values.at(0), values.at(0.5), values.at(0.99)]).toEqual([100, 150, 199]);
  });
});
