// scrcpy 3.3.3, Streamer.java: 64 bits of flags and time, 32 of length.
const configFlag = 1n << 63n;
const keyFlag = 1n << 62n;

export interface Packet {
  readonly data: Buffer;
  readonly config?: boolean;
  readonly key?: boolean;
  readonly ptsUs: bigint;
}

export function frameHeader({ data, config, key, ptsUs }: Packet): Buffer {
  const header = Buffer.alloc(12);
  header.writeBigUInt64BE(config ? configFlag : ptsUs | (key ? keyFlag : 0n));
  header.writeUInt32BE(data.length, 8);
  return header;
}

export const codecIds: Readonly<Record<string, number>> = { h264: 0x68323634, opus: 0x6f707573 };

/** 0: there is no sound, go on without. */
export const audioDisabled = 0;

export function videoMeta(size: { width: number; height: number }): Buffer {
  const meta = Buffer.alloc(12);
  meta.writeUInt32BE(codecIds.h264 ?? 0);
  meta.writeUInt32BE(size.width, 4);
  meta.writeUInt32BE(size.height, 8);
  return meta;
}

/** 64 bytes, padded with zeros; cut at a whole character. */
export function deviceName(name: string): Buffer {
  const bytes = Buffer.alloc(64);
  new TextEncoder().encodeInto(name, bytes.subarray(0, 63));
  return bytes;
}
