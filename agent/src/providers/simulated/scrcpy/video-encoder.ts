import type { Frame } from "../ui/frame.ts";
import { ThreadEncoder } from "./encoder-thread.ts";
import { ffmpegPath, FfmpegEncoder } from "./ffmpeg-encoder.ts";
import type { Packet } from "./packets.ts";

export interface EncodeOptions {
  /** How far the content has moved up since the last picture, in pixels. */
  readonly scrolled: number;
  /** Encode even if nothing has changed. */
  readonly force: boolean;
}

export type EncodedPacket = Omit<Packet, "ptsUs">;

/** Turns pictures of one size into H.264: first its configuration and a key frame, then what has changed; nothing for a picture that has not. */
export interface VideoEncoder {
  encode(frame: Frame, options: EncodeOptions): Promise<EncodedPacket[]>;
  close(): void;
}

/** More than this our own encoder can't do 30 times a second. */
const ownPixels = 400 * 720;

/** ffmpeg for large pictures, where it is installed; else the encoder of drawn screens, on a thread of its own. */
export function openVideoEncoder(
  size: { width: number; height: number },
  bitRate: number,
): VideoEncoder {
  const ffmpeg = size.width * size.height > ownPixels ? ffmpegPath() : null;
  return ffmpeg ? new FfmpegEncoder(ffmpeg, size, bitRate) : new ThreadEncoder(size, bitRate);
}
