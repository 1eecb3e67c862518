import { sizeOf, splitUnits, typeOf, unitTypes } from "./h264.ts";
import type { MediaPacket } from "./scrcpy/streams.ts";

/** One picture, ready to be sent: its NAL units without start codes, the parameter sets before a key frame. */
export interface AccessUnit {
  readonly units: readonly Buffer[];
  readonly key: boolean;
  /** Microseconds of the phone's clock. */
  readonly ptsUs: number;
  readonly bytes: number;
  /** Pixels, as the parameter sets say it that are in force. */
  readonly width: number;
  readonly height: number;
}

/**
 * Makes access units of scrcpy's video packets. The configuration comes once, in a packet of its own, and is put before every key frame: that is
 * what a decoder needs that begins there. Pictures before the first key frame are dropped.
 */
export class AccessUnits {
  #config: Buffer[] = [];
  #size: { width: number; height: number } | null = null;
  #begun = false;

  /** Null while there is nothing to show. */
  next({ config, key, ptsUs, data }: MediaPacket): AccessUnit | null {
    const units = splitUnits(data);
    if (config) {
      this.#config = units;
      const sps = units.find((unit) => typeOf(unit) === unitTypes.sps);
      this.#size = sps ? sizeOf(sps) : null;
      this.#begun = false;
      return null;
    }
    this.#begun ||= key;
    if (!this.#begun || !this.#size) return null;
    const pictures = units.filter((unit) => {
      const type = typeOf(unit);
      return type === unitTypes.slice || type === unitTypes.key;
    });
    if (pictures.length === 0) return null;
    const all = key ? [...this.#config, ...pictures] : pictures;
    const bytes = all.reduce((sum, unit) => sum + unit.length, 0);
    return { units: all, key, ptsUs, bytes, ...this.#size };
  }
}

/** The pictures since the last key frame: what a viewer who comes late is shown at once. Bounded; a longer run is forgotten until the next key frame. */
export class PictureGroup {
  readonly #maxBytes: number;
  #units: AccessUnit[] = [];
  #bytes = 0;

  constructor(maxBytes = 8 * 1024 ** 2) {
    this.#maxBytes = maxBytes;
  }

  add(unit: AccessUnit): void {
    if (unit.key) this.clear();
    else if (this.#units.length === 0) return;
    this.#units.push(unit);
    this.#bytes += unit.bytes;
    if (this.#bytes > this.#maxBytes) this.clear();
  }

  /** Empty, or a key frame and all that came after it. */
  get units(): readonly AccessUnit[] {
    return this.#units;
  }

  clear(): void {
    this.#units = [];
    this.#bytes = 0;
  }
}
