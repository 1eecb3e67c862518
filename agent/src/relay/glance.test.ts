import { type Duplex, duplexPair, PassThrough } from "node:stream";
import { once } from "node:events";
import { GlanceFrames, glanceWidth } from "@cloudphone/shared/glance";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import type { AdbDevice } from "../adb/adb.ts";
import { readCapture, serveGlances, shrink } from "./glance.ts";

/** What `screencap` gives of a screen in one colour. */
function captured(width: number, height: number, headerWords: readonly number[]): Buffer {
  const header = Buffer.alloc(8 + headerWords.length * 4);
  for (const [at, word] of [width, height, ...headerWords].entries())
    header.writeUInt32LE(word, at * 4);
  const pixel = Buffer.from([10, 120, 250, 255]);
  return Buffer.concat([header, Buffer.alloc(width * height * 4, pixel)]);
}

describe("small pictures of a screen", () => {
  it.each([
    ["before Android 9", [1]],
    ["since Android 9", [1, 1]],
    ["without an alpha channel", [2, 1]],
  ] as const)("are read from what screencap gives %s", (_since, words) => {
    const { width, height, pixels } = readCapture(captured(36, 72, words));
    expect([width, height, pixels.length]).toEqual([36, 72, 36 * 72 * 4]);
    expect([...pixels.subarray(0, 4)]).toEqual([10, 120, 250, 255]);
  });

  it("are none when the phone says anything else", () => {
    const cut = captured(36, 72, [1, 1]).subarray(0, 4000);
    for (const bytes of [
      Buffer.alloc(0),
      cut,
      captured(4, 4, [4, 1]),
      Buffer.from("no such program\n"),
    ])
      expect(() => readCapture(bytes)).toThrow("no picture");
  });

  it("keep the screen's shape and colours, and are never made larger", () => {
    const small = shrink(readCapture(captured(1080, 2340, [1, 1])));
    expect([small.width, small.height]).toEqual([glanceWidth, 390]);
    expect([...small.pixels.subarray(-4)]).toEqual([10, 120, 250, 255]);
    expect(shrink(readCapture(captured(100, 50, [1, 1])))).toMatchObject({
      width: 100,
      height: 50,
    });
  });

  it("come one for each that is asked for, and end with the line", async () => {
    const [near, far] = duplexPair();
    const closed = Promise.withResolvers<void>();
    const adb: Pick<AdbDevice, "open" | "close"> = {
      async open(service) {
        expect(service).toBe("exec:screencap");
        const stream = new PassThrough();
        stream.end(captured(360, 720, [1, 1]));
        return stream as Duplex;
      },
      close: async () => closed.resolve(),
    };
    const ended = Promise.resolve(null);
    const served = serveGlances({ stream: near, ended }, adb as AdbDevice);
    const frames = new GlanceFrames();
    const pictures: Uint8Array[] = [];
    far.write(Buffer.of(1));
    while (pictures.length === 0) {
      const [piece] = (await once(far, "data")) as [Buffer];
      pictures.push(...frames.push(piece));
    }
    const { width, height } = PNG.sync.read(Buffer.from(pictures[0] ?? []));
    expect([width, height, pictures.length]).toEqual([180, 360, 1]);
    far.destroy();
    near.destroy();
    await served.done;
    await closed.promise;
  });

  it("are refused by the page when one says that it is larger than any is", () => {
    expect(() => new GlanceFrames().push(Buffer.from([0x7f, 0, 0, 0, 1]))).toThrow(
      "no small picture",
    );
  });
});
