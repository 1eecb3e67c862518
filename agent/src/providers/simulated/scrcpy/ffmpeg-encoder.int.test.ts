import { describe, expect, it } from "vitest";
import { blankFrame, fill } from "../ui/frame.ts";
import { decode, ffmpeg, withoutFfmpeg } from "../h264/testing.ts";
import { FfmpegEncoder } from "./ffmpeg-encoder.ts";

describe.skipIf(withoutFfmpeg)("large pictures, encoded by ffmpeg", () => {
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
    expect(decode(stream, "gray").length).toBe(5 * size.width * size.height);
  });
});
