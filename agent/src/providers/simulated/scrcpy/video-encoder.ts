import { Converter } from "../h264/colour.ts";
import { H264Encoder, lowestQp } from "../h264/encoder.ts";
import type { Frame } from "../ui/frame.ts";
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

/** ffmpeg for large pictures, where it is installed; else the encoder of drawn screens. */
export function openVideoEncoder(
  size: { width: number; height: number },
  bitRate: number,
): VideoEncoder {
  const ffmpeg = size.width * size.height > ownPixels ? ffmpegPath() : null;
  return ffmpeg ? new FfmpegEncoder(ffmpeg, size, bitRate) : new DrawnEncoder(size, bitRate);
}

const coarsestQp = 44;

/** The encoder of drawn screens, with its quantiser led by the bit rate of the last second. */
class DrawnEncoder implements VideoEncoder {
  readonly #converter: Converter;
  readonly #encoder: H264Encoder;
  readonly #bitRate: number;
  #last: Buffer | null = null;
  #window: { sinceMs: number; bytes: number } = { sinceMs: 0, bytes: 0 };

  constructor(size: { width: number; height: number }, bitRate: number) {
    this.#converter = new Converter(size.width, size.height);
    this.#encoder = new H264Encoder(size);
    this.#bitRate = bitRate;
  }

  async encode(frame: Frame, { scrolled, force }: EncodeOptions): Promise<EncodedPacket[]> {
    const changed = this.#converter.convert(frame);
    const first = this.#last === null;
    if (changed) this.#last = changed;
    if (!this.#last || (!changed && !force)) return [];
    const { data, key } = this.#encoder.encode(this.#last, scrolled === 0 ? [] : [scrolled]);
    this.#lead(data.length);
    const packet = { data, key };
    await Promise.resolve();
    return first ? [{ data: this.#encoder.config, config: true }, packet] : [packet];
  }

  close(): void {
    this.#last = null;
  }

  #lead(bytes: number): void {
    const nowMs = performance.now();
    this.#window.bytes += bytes;
    const passedMs = nowMs - this.#window.sinceMs;
    if (passedMs < 1000) return;
    const share = (this.#window.bytes * 8000) / passedMs / this.#bitRate;
    const { qp } = this.#encoder;
    if (share > 1) this.#encoder.qp = Math.min(coarsestQp, qp + (share > 2 ? 6 : 2));
    else if (share < 0.3) this.#encoder.qp = Math.max(lowestQp + 4, qp - 1);
    this.#window = { sinceMs: nowMs, bytes: 0 };
  }
}
