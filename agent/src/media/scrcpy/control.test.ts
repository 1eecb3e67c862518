import {
  AndroidKeyEventAction,
  AndroidMotionEventAction,
  ScrcpyControlMessageSerializer,
  ScrcpyOptions3_3_3,
} from "@yume-chan/scrcpy";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader } from "../../byte-reader.ts";
import { readControlMessage } from "../../providers/simulated/scrcpy/control-messages.ts";
import { type ControlMessage, encodeControl, maxTextBytes } from "./control.ts";

const hex = (message: ControlMessage): string => encodeControl(message).toString("hex");
const place = { x: 260, y: 1026, width: 1080, height: 1920 };

/** What of a message a phone must have understood. */
const understood = (sent: ControlMessage): object =>
  sent.type === "touch"
    ? { type: sent.type, x: sent.x, y: sent.y, width: sent.width, pointerId: sent.pointerId }
    : sent.type === "text" || sent.type === "set-clipboard"
      ? { type: sent.type, text: sent.text }
      : { type: sent.type };

describe("control messages", () => {
  // The bytes of scrcpy's own test of its documented layout (app/tests/test_control_msg_serialize.c at tag v3.3.3).
  it.each<[ControlMessage, string]>([
    [
      { type: "key", action: "up", keycode: 66, repeat: 5, meta: 0x41 },
      "00 01 00000042 00000005 00000041",
    ],
    [{ type: "text", text: "hello, world!" }, "01 0000000d 68656c6c6f2c20776f726c6421"],
    [
      {
        type: "touch",
        action: "down",
        pointerId: 0x1234567887654321n,
        pressure: 1,
        buttons: 1,
        x: 100,
        y: 200,
        width: 1080,
        height: 1920,
      },
      "02 00 1234567887654321 00000064 000000c8 0438 0780 ffff 00000001 00000001",
    ],
    [
      { type: "scroll", horizontal: 16, vertical: -16, buttons: 1, ...place },
      "03 00000104 00000402 0438 0780 7fff 8000 00000001",
    ],
    [{ type: "back-or-screen-on", action: "up" }, "04 01"],
    [{ type: "expand-notifications" }, "05"],
    [{ type: "expand-settings" }, "06"],
    [{ type: "collapse-panels" }, "07"],
    [{ type: "get-clipboard", copy: "copy" }, "08 01"],
    [
      { type: "set-clipboard", sequence: 0x0102030405060708n, paste: true, text: "hello, world!" },
      "09 0102030405060708 01 0000000d 68656c6c6f2c20776f726c6421",
    ],
    [{ type: "display-power", on: true }, "0a 01"],
    [{ type: "rotate" }, "0b"],
    [{ type: "start-app", name: "firefox" }, "10 07 66697265666f78"],
    [{ type: "reset-video" }, "11"],
  ])("are byte for byte as documented: %o", (message, bytes) => {
    expect(hex(message)).toBe(bytes.replaceAll(" ", ""));
  });

  it("are what an independent client writes", () => {
    const theirs = new ScrcpyControlMessageSerializer(new ScrcpyOptions3_3_3({ control: true }));
    const same = (ours: ControlMessage, other: Uint8Array | undefined): void =>
      expect(hex(ours)).toBe(Buffer.from(other ?? []).toString("hex"));
    same(
      { type: "key", action: "down", keycode: 29, meta: 1 },
      theirs.injectKeyCode({
        action: AndroidKeyEventAction.Down,
        keyCode: 29,
        repeat: 0,
        metaState: 1,
      }),
    );
    same({ type: "text", text: "Straße" }, theirs.injectText("Straße"));
    same(
      {
        type: "touch",
        action: "move",
        pointerId: -2n,
        pressure: 0.5,
        x: 1,
        y: 2,
        width: 360,
        height: 640,
      },
      theirs.injectTouch({
        action: AndroidMotionEventAction.Move,
        pointerId: -2n,
        pointerX: 1,
        pointerY: 2,
        videoWidth: 360,
        videoHeight: 640,
        pressure: 0.5,
        actionButton: 0,
        buttons: 0,
      }),
    );
    same({ type: "rotate" }, theirs.rotateDevice());
    same({ type: "reset-video" }, theirs.resetVideo());
  });

  it("cut what is too long at a whole character", () => {
    const bytes = encodeControl({ type: "text", text: "é".repeat(200) });
    expect(bytes.length).toBe(5 + maxTextBytes);
    const odd = encodeControl({ type: "text", text: `x${"é".repeat(200)}` });
    expect(odd.subarray(5).toString("utf8")).toBe(`x${"é".repeat(149)}`);
  });

  it("are read by a phone as they were meant, however the stream is cut", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 40 });
    const side = fc.integer({ min: 1, max: 0xffff });
    const whole = {
      x: fc.integer({ min: 0, max: 5000 }),
      y: fc.integer({ min: 0, max: 5000 }),
      width: side,
      height: side,
    };
    const message: fc.Arbitrary<ControlMessage> = fc.oneof(
      fc.record({ type: fc.constant("text" as const), text }),
      fc.record({
        type: fc.constant("key" as const),
        action: fc.constantFrom("down" as const, "up" as const),
        keycode: fc.nat(300),
      }),
      fc.record({
        type: fc.constant("touch" as const),
        action: fc.constantFrom("down" as const, "move" as const),
        pointerId: fc.bigInt({ min: -3n, max: 9n }),
        pressure: fc.constant(1),
        ...whole,
      }),
      fc.record({
        type: fc.constant("set-clipboard" as const),
        sequence: fc.bigInt({ min: 0n, max: 2n ** 62n }),
        paste: fc.boolean(),
        text,
      }),
      fc.constantFrom({ type: "rotate" as const }, { type: "reset-video" as const }),
      fc.record({ type: fc.constant("start-app" as const), name: fc.string({ maxLength: 60 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 20 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
        async (messages, cuts) => {
          const all = Buffer.concat(messages.map(encodeControl));
          async function* pieces(): AsyncGenerator<Buffer> {
            for (let at = 0; at < all.length; ) {
              const length = cuts.next().value as number;
              yield await Promise.resolve(all.subarray(at, at + length));
              at += length;
            }
          }
          const reader = new ByteReader(pieces());
          for (const sent of messages) {
            const read = await readControlMessage(reader);
            expect(read).toMatchObject(understood(sent));
          }
          expect(await readControlMessage(reader)).toBeNull();
        },
      ),
    );
  });
});
