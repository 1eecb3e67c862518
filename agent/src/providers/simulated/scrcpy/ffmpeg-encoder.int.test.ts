import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { blankFrame, fill } from "../ui/frame.ts";
import { FfmpegEncoder, ffmpegPath } from "./ffmpeg-encoder.ts";

const ffmpeg = ffmpegPath();

describe.skipIf(!ffmpeg && !process.env.CI)("large pictures, encoded by ffmpeg", () => {
  it("come out one for one, decodable, and not at all when nothing has changed", async () => {
    const size = { width: 720, height: 1280 };
    const encoder = new FfmpegEncoder(ffmpeg ?? "ffmpeg", size, 4_000_000);
    const frame = blankFrame(size.width, size.height);
    const packets = [];
    for (let step = 0; step < 5; step++) {
      fill(frame, { x: step * 50, y: 100, width: 200, height: 200 }, [200, 40, 40]);
      packets.push(await encoder.encode(frame, { scrolled: 0, force: false }));
    }
    expect(await encoder.encode(frame, { scrolled: 0, force: false })).toEqual([]);
    expect(await encoder.encode(frame, { scrolled: 0, force: true })).toHaveLength(1);
    encoder.close();
    expect(
      packets.map((some) =>
        some.map(({ config, key }) => (config ? "config" : key ? "key" : "change")),
      ),
    ).toEqual([["config", "key"], ...Array.from({ length: 4 }, () => ["change"])]);
    const stream = Buffer.concat(packets.flat().map(({ data }) => data));
    const args = [
      "-loglevel",
      "error",
      "-f",
      "h264",
      "-i",
      "-",
      "-f",
      "rawvideo",
      "-pix_fmt",
      "gray",
      "-",
    ];
    const decoded = spawnSync("ffmpeg", args, { input: stream, maxBuffer: 1 << 28 });
    expect(decoded.stderr.toString()).toBe("");
    expect(decoded.stdout.length).toBe(5 * size.width * size.height);
  });
});
