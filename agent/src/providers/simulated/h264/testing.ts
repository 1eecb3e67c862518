import { spawnSync } from "node:child_process";
import { ffmpegPath } from "../scrcpy/ffmpeg-encoder.ts";

/** Where ffmpeg is, for tests that hold a stream against another's decoder; null: nowhere, and in CI that fails them. */
export const ffmpeg = ffmpegPath();
export const withoutFfmpeg = ffmpeg === null && !process.env.CI;

/** What ffmpeg shows of a stream, picture by picture, bytes as `pixels` names them; throws what it complains of. */
export function decode(stream: Buffer, pixels: "yuv420p" | "gray"): Buffer {
  const input = ["-loglevel", "error", "-f", "h264", "-i", "-"];
  const args = [...input, "-f", "rawvideo", "-pix_fmt", pixels, "-"];
  const done = spawnSync(ffmpeg ?? "ffmpeg", args, { input: stream, maxBuffer: 1 << 30 });
  const complaint = done.error?.message ?? done.stderr.toString();
  if (complaint !== "") throw new Error(`ffmpeg: ${complaint}`);
  return done.stdout;
}
