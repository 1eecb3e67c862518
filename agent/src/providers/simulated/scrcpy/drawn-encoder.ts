import { Converter } from "../h264/colour.ts";
import { H264Encoder, lowestQp } from "../h264/encoder.ts";
import type { Frame } from "../ui/frame.ts";
import type { EncodedPacket, EncodeOptions } from "./video-encoder.ts";

const coarsestQp = 44;

/** The encoder of drawn screens, with its quantiser led by the bit rate of the last second. */
export class DrawnEncoder {
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

  encode(frame: Frame, { scrolled, force }: EncodeOptions): EncodedPacket[] {
    const changed = this.#converter.convert(frame);
    const first = this.#last === null;
    if (changed) this.#last = changed;
    if (!this.#last || (!changed && !force)) return [];
    const { data, key } = this.#encoder.encode(this.#last, scrolled === 0 ? [] : [scrolled]);
    this.#lead(data.length);
    const packet = { data, key };
    return first ? [{ data: this.#encoder.config, config: true }, packet] : [packet];
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
