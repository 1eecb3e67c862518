import { type Input, inputSchema } from "@cloudphone/shared/live";
import { describe, expect, it } from "vitest";
import { toPhone } from "./input.ts";

const size = { width: 360, height: 640 };
const parse = (input: object): Input => inputSchema.parse(input);

describe("a viewer's input on a phone", () => {
  it.each([
    [0, 0, 0, 0],
    [0.5, 0.5, 180, 320],
    [1, 1, 359, 639],
    [-0.4, 1.7, 0, 639],
  ])("at the share (%d, %d) of the picture is the pixel (%i, %i)", (...[x, y, ...pixel]) => {
    const [step] = toPhone(parse({ type: "touch", action: "down", finger: 3, x, y }), size);
    expect(step).toMatchObject({
      kind: "send",
      message: {
        type: "touch",
        pointerId: 3n,
        x: pixel[0],
        y: pixel[1],
        width: 360,
        height: 640,
        pressure: 1,
      },
    });
  });

  it("lifts a finger without pressure", () => {
    const [step] = toPhone(parse({ type: "touch", action: "up", finger: 0, x: 0, y: 0 }), size);
    expect(step).toMatchObject({ message: { action: "up", pressure: 0 } });
  });

  it.each([
    ["hello, World!", { kind: "send", message: { type: "text", text: "hello, World!" } }],
    ["你好", { kind: "clipboard", text: "你好", paste: true }],
    ["Straße 😀", { kind: "clipboard", text: "Straße 😀", paste: true }],
    ["x".repeat(301), { kind: "clipboard", text: "x".repeat(301), paste: true }],
    ["a\u0000b\u001b[31mc", { kind: "send", message: { type: "text", text: "ab[31mc" } }],
  ])("types %j as keys where they can, else pastes it", (text, expected) => {
    expect(toPhone(parse({ type: "text", text }), size)).toEqual([expected]);
  });

  it("is nothing when it was control characters alone", () => {
    expect(toPhone(parse({ type: "text", text: "\u0007\u0000" }), size)).toEqual([]);
  });

  it("presses and lets go of a button", () => {
    const steps = toPhone(parse({ type: "press", button: "back" }), size);
    expect(steps).toMatchObject([
      { message: { type: "key", action: "down", keycode: 4 } },
      { message: { type: "key", action: "up", keycode: 4 } },
    ]);
  });

  it.each([
    { type: "touch", action: "down", finger: 10, x: 0, y: 0 },
    { type: "touch", action: "hover", finger: 0, x: 0, y: 0 },
    { type: "touch", action: "down", finger: 0, x: Number.NaN, y: 0 },
    { type: "touch", action: "down", finger: 0, x: 1e9, y: 0 },
    { type: "key", action: "down", keycode: -1 },
    { type: "text", text: "" },
    { type: "press", button: "self-destruct" },
  ])("is refused at the edge when it makes no sense: %j", (input) => {
    expect(inputSchema.safeParse(input).success).toBe(false);
  });
});
