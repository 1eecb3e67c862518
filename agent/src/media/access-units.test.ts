import { describe, expect, it } from "vitest";
import { H264Encoder } from "../providers/simulated/h264/encoder.ts";
import { AccessUnits, PictureGroup } from "./access-units.ts";
import { sizeOf, splitUnits, typeOf } from "./h264.ts";

const packet = (data: Buffer, { config = false, key = false, ptsUs = 0 } = {}) => ({
  data,
  config,
  key,
  ptsUs,
});

function video(width: number, height: number) {
  const encoder = new H264Encoder({ width, height });
  const frame = Buffer.alloc((width * height * 3) / 2, 128);
  return {
    config: packet(encoder.config, { config: true }),
    key: packet(encoder.encode(frame).data, { key: true, ptsUs: 1 }),
    change: packet(encoder.encode(frame).data, { ptsUs: 2 }),
  };
}

describe("NAL units", () => {
  it("are told apart by start codes of three and of four bytes, and lose the zeros before them", () => {
    const stream = Buffer.from([0, 0, 0, 1, 0x67, 9, 0, 0, 1, 0x68, 8, 0, 0, 0, 1, 0x65, 7]);
    expect(splitUnits(stream)).toEqual(
      [
        [0x67, 9],
        [0x68, 8],
        [0x65, 7],
      ].map((bytes) => Buffer.from(bytes)),
    );
    expect(splitUnits(Buffer.from([1, 2, 3]))).toEqual([]);
    expect(splitUnits(Buffer.alloc(0))).toEqual([]);
  });

  it.each<[string, Buffer | undefined, [number, number]]>([
    [
      "what our encoder writes, cropped",
      splitUnits(new H264Encoder({ width: 354, height: 638 }).config)[0],
      [354, 638],
    ],
    // x264 High profile, 1920 by 1080, level 4.0: cropped by four pairs of rows, with an emulation prevention byte.
    [
      "High profile",
      Buffer.from("67640028acd940780227e5c044000003000400000300f03c60c658", "hex"),
      [1920, 1080],
    ],
    // MediaCodec of a phone, baseline, 720 by 1280.
    ["baseline", Buffer.from("6742c01fda02d0286806d0a135", "hex"), [720, 1280]],
  ])("say a picture's size: %s", (_, sps, [width, height]) => {
    expect(sizeOf(sps ?? Buffer.alloc(0))).toEqual({ width, height });
  });

  it.each([
    Buffer.from([0x67]),
    Buffer.from([0x67, 66, 0xe0, 31]),
    Buffer.from([0x68, 1, 2, 3]),
    Buffer.alloc(40, 0),
  ])("that are no parameter set have no size", (bytes) => {
    expect(sizeOf(bytes)).toBeNull();
  });
});

describe("access units", () => {
  it("carry the parameter sets before each key frame, and the size they say", () => {
    const { config, key, change } = video(96, 160);
    const units = new AccessUnits();
    expect(units.next(change)).toBeNull();
    expect(units.next(config)).toBeNull();
    expect(units.next(change)).toBeNull();
    const first = units.next(key);
    expect(first?.units.map(typeOf)).toEqual([7, 8, 5]);
    expect(first).toMatchObject({ key: true, width: 96, height: 160, ptsUs: 1 });
    expect(units.next(change)?.units.map(typeOf)).toEqual([1]);
    expect(units.next(key)?.units.map(typeOf)).toEqual([7, 8, 5]);
  });

  it("begin anew with a key frame and another size when the phone was turned", () => {
    const [upright, turned] = [video(96, 160), video(160, 96)];
    const units = new AccessUnits();
    for (const each of [upright.config, upright.key]) units.next(each);
    units.next(turned.config);
    expect(units.next(upright.change)).toBeNull();
    expect(units.next(turned.key)).toMatchObject({ width: 160, height: 96 });
  });
});

describe("the group of pictures for who comes late", () => {
  const unit = (key: boolean, bytes = 10) => ({
    units: [],
    key,
    ptsUs: 0,
    bytes,
    width: 1,
    height: 1,
  });

  it("begins with the last key frame", () => {
    const group = new PictureGroup();
    for (const key of [false, true, false, true, false, false]) group.add(unit(key));
    expect(group.units.map(({ key }) => key)).toEqual([true, false, false]);
  });

  it("is forgotten when it grows too large, and begins again with the next key frame", () => {
    const group = new PictureGroup(25);
    for (const key of [true, false, false, false]) group.add(unit(key));
    expect(group.units).toEqual([]);
    group.add(unit(true));
    expect(group.units).toHaveLength(1);
  });
});
