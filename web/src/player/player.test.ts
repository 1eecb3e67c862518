import { describe, expect, it } from "vitest";
import { pictureBox, shareOf } from "./geometry.ts";
import { keyInput } from "./keys.ts";
import { Percentiles } from "./percentiles.ts";

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

describe("percentiles", () => {
  it("are of the newest values", () => {
    const values = new Percentiles(100);
    expect(values.at(0.5)).toBe(0);
    for (let value = 0; value < 200; value++) values.add(value);
    expect([values.at(0), values.at(0.5), values.at(0.99)]).toEqual([100, 150, 199]);
  });
});
