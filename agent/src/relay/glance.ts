import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import { glanceFrame, glanceWidth } from "@cloudphone/shared/glance";
import { PNG } from "pngjs";
import type { AdbDevice } from "../adb/adb.ts";
import { within } from "../adb/deadline.ts";
import type { RelayLine, ServedLine } from "./dial.ts";

const captureMs = 10_000;
const maxCaptureBytes = 64 * 1024 ** 2;
/** Whoever asks faster waits. */
const restMs = 1000;
/** Of a picture's pixels, so many each way are looked at for one of the small picture. */
const samples = 3;
/** android/graphics/PixelFormat: RGBA_8888 and RGBX_8888. */
const formats = [1, 2];

/** One after the other over all phones of this host: a raw picture is ten megabytes, and a phone is busy while it makes it. */
let before: Promise<unknown> = Promise.resolve();

/** Gives small pictures of a phone's screen: one for each byte that the other end sends. Owns the device's adb handle from now on. */
export function serveGlances({ stream }: RelayLine, adb: AdbDevice): ServedLine {
  const serve = async (): Promise<void> => {
    for await (const _asked of stream) {
      const taken = before.then(() => (stream.destroyed ? null : glance(adb)));
      before = taken.catch(() => undefined);
      const png = await taken;
      if (!png || stream.destroyed) return;
      stream.write(glanceFrame(png));
      await delay(restMs);
    }
  };
  const done = serve()
    .catch(() => undefined)
    .then(() => {
      stream.destroy();
      return adb.close();
    })
    .catch(() => undefined);
  return { done, end: () => stream.destroy() };
}

/** A small PNG of the screen as it is now. */
async function glance(adb: AdbDevice): Promise<Buffer> {
  const { width, height, pixels } = readCapture(await capture(adb));
  const small = shrink({ width, height, pixels });
  const png = new PNG({ width: small.width, height: small.height });
  png.data = small.pixels;
  const parts: Buffer[] = [];
  // pngjs gives a stream of the first kind, which can't be read by `for await`.
  png.on("data", (part: Buffer) => parts.push(part));
  png.pack();
  await once(png, "end");
  return Buffer.concat(parts);
}

async function capture(adb: AdbDevice): Promise<Buffer> {
  const stream = await adb.open("exec:screencap", { timeoutMs: captureMs });
  const read = async (): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxCaptureBytes) throw new Fault("too_large", "The phone's picture has no end.");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };
  try {
    const limits = { timeoutMs: captureMs, what: "the phone gave no picture in time" };
    return await within(read(), limits, (why) => stream.destroy(why));
  } finally {
    stream.destroy();
  }
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha. */
  readonly pixels: Buffer;
}

/** What `screencap` without `-p` gives (AOSP frameworks/base/cmds/screencap): width, height, format, since Android 9 the colour space, then the pixels. Pure. */
export function readCapture(bytes: Buffer): Picture {
  const [width, height] =
    bytes.length < 16 ? [0, 0] : [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
  const headerBytes = bytes.length - width * height * 4;
  if (width === 0 || ![12, 16].includes(headerBytes) || !formats.includes(bytes.readUInt32LE(8)))
    throw new Fault("device_failed", "The phone gave no picture of its screen.");
  return { width, height, pixels: bytes.subarray(headerBytes) };
}

/** The picture, as wide as a glance is; a narrower one stays as it is. Pure. */
export function shrink({ width, height, pixels }: Picture): Picture {
  const scale = Math.max(1, width / glanceWidth);
  const [columns, rows] = [Math.round(width / scale), Math.max(1, Math.round(height / scale))];
  const small = Buffer.alloc(columns * rows * 4, 0xff);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      let [red, green, blue] = [0, 0, 0];
      for (let n = 0; n < samples * samples; n++) {
        const right = Math.floor((x + ((n % samples) + 0.5) / samples) * scale);
        const down = Math.floor((y + (Math.floor(n / samples) + 0.5) / samples) * scale);
        const at = (Math.min(down, height - 1) * width + Math.min(right, width - 1)) * 4;
        red += pixels[at] ?? 0;
        green += pixels[at + 1] ?? 0;
        blue += pixels[at + 2] ?? 0;
      }
      const to = (y * columns + x) * 4;
      small[to] = red / samples ** 2;
      small[to + 1] = green / samples ** 2;
      small[to + 2] = blue / samples ** 2;
    }
  return { width: columns, height: rows, pixels: small };
}
