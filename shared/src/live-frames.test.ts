import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { liveKinds } from "./live.ts";
import {
  codecOf,
  encodeMessage,
  encodePicture,
  encodeSound,
  LiveFrames,
  messageIn,
  pictureIn,
  soundIn,
} from "./live-frames.ts";

const picture = { key: true, width: 360, height: 640, ptsUs: 1_234_567.5 };
const bytesOf = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

describe("frames of a live session", () => {
  it("come together again from pieces of any size", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
    const texts = fc.array(fc.string({ maxLength: 60 }), { maxLength: 8 });
    fc.assert(
      fc.property(texts, sizes, (said, cuts) => {
        const all = said.flatMap((text) => [...encodeMessage({ type: "clipboard", text })]);
        const frames = new LiveFrames(1000);
        const found: unknown[] = [];
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const length = cuts[turn % cuts.length] ?? 1;
          for (const { kind, body } of frames.push(bytesOf(...all.slice(at, at + length)))) {
            expect(kind).toBe(liveKinds.message);
            found.push(messageIn(body));
          }
          at += length;
        }
        expect(found).toEqual(said.map((text) => ({ type: "clipboard", text })));
      }),
    );
  });

  it("are these bytes", () => {
    expect([...encodePicture(picture, [bytesOf(0, 0, 0, 1), bytesOf(0x65)])]).toEqual([
      ...[0, 0, 0, 19, 2, 1, 0x01, 0x68, 0x02, 0x80],
      ...new Uint8Array(new Float64Array([picture.ptsUs]).buffer).toReversed(),
      ...[0, 0, 0, 1, 0x65],
    ]);
    expect([...encodeSound({ ptsUs: 0, data: bytesOf(7) })]).toEqual([
      0, 0, 0, 10, 3, 0, 0, 0, 0, 0, 0, 0, 0, 7,
    ]);
  });

  it("give back the picture and the sound that were put in, and nothing of what is too short", () => {
    const frames = new LiveFrames(1000);
    const sound = { ptsUs: 20_000, data: bytesOf(1, 2, 3) };
    const [first] = frames.push(encodePicture(picture, [bytesOf(9, 8)]));
    const [second] = frames.push(encodeSound(sound));
    expect(first && pictureIn(first.body)).toEqual({ ...picture, data: bytesOf(9, 8) });
    expect(second && soundIn(second.body)).toEqual(sound);
    expect([pictureIn(bytesOf(1, 2)), soundIn(bytesOf(1, 2)), messageIn(bytesOf(123))]).toEqual([
      null,
      null,
      undefined,
    ]);
  });

  it.each([
    ["larger than allowed", bytesOf(0, 0, 4, 0, 1)],
    ["without a kind", bytesOf(0, 0, 0, 0, 1)],
  ])("that are %s end the session before they are kept", (_, head) => {
    expect(() => new LiveFrames(1000).push(head)).toThrow("no frame of a live session");
  });
});

describe("the codec of a picture", () => {
  it("is read from its sequence parameter set", () => {
    expect(codecOf(bytesOf(0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 9, 9, 9))).toBe("avc1.42e01f");
    expect(codecOf(bytesOf(0, 0, 0, 1, 0x65, 1, 2, 3, 4, 5, 6))).toBeNull();
  });
});
