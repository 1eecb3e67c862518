import type { ByteReader } from "../../byte-reader.ts";

/** Numbers of the codecs this agent asks for (scrcpy 3.3.3, AudioCodec.java, VideoCodec.java). */
export const codecs = { h264: 0x68323634, opus: 0x6f707573 } as const;

/** One packet of a media socket. */
export interface MediaPacket {
  /** Parameters of the codec (SPS and PPS, OpusHead), not a picture or a sound. */
  readonly config: boolean;
  readonly key: boolean;
  /** Microseconds of the phone's own clock; 0 for a configuration. */
  readonly ptsUs: number;
  readonly data: Buffer;
}

const configFlag = 0x8000_0000;
const keyFlag = 0x4000_0000;
/** No packet is larger: an 8K key frame has less. */
const maxPacketBytes = 16 * 1024 ** 2;

/** The next packet of a media socket (Streamer.java: flags and time in 64 bits, length in 32), or null at the end. */
export async function readPacket(reader: ByteReader): Promise<MediaPacket | null> {
  const header = await reader.exactly(12);
  if (!header) return null;
  const high = header.readUInt32BE();
  const bytes = header.readUInt32BE(8);
  if (bytes > maxPacketBytes) throw new Error(`a packet of ${bytes} bytes is no packet`);
  const data = await reader.exactly(bytes);
  if (!data) return null;
  const config = high >= configFlag;
  const ptsUs = config ? 0 : (high & ~(configFlag | keyFlag)) * 2 ** 32 + header.readUInt32BE(4);
  return { config, key: (high & keyFlag) !== 0, ptsUs, data };
}

export interface VideoMeta {
  readonly codec: number;
  readonly width: number;
  readonly height: number;
}

export async function readVideoMeta(reader: ByteReader): Promise<VideoMeta | null> {
  const meta = await reader.exactly(12);
  return (
    meta && {
      codec: meta.readUInt32BE(),
      width: meta.readUInt32BE(4),
      height: meta.readUInt32BE(8),
    }
  );
}

/** Null at the end of the stream; "none" when the phone has no sound to give (Android before 11, or switched off), "failed" when it should have. */
export async function readAudioMeta(
  reader: ByteReader,
): Promise<"opus" | "none" | "failed" | null> {
  const meta = await reader.exactly(4);
  if (!meta) return null;
  const codec = meta.readUInt32BE();
  return codec === codecs.opus ? "opus" : codec === 1 ? "failed" : "none";
}

export type DeviceMessage =
  | { readonly type: "clipboard"; readonly text: string }
  | { readonly type: "clipboard-set"; readonly sequence: bigint }
  /** Output of a UHID device, which this agent never makes. */
  | { readonly type: "other" };

const maxClipboardBytes = 256 * 1024;

/** What the phone says on the control socket (DeviceMessageWriter.java), or null at the end. */
export async function readDeviceMessage(reader: ByteReader): Promise<DeviceMessage | null> {
  const type = await reader.exactly(1);
  if (!type) return null;
  const read = messages[type[0] ?? -1];
  if (!read) throw new Error(`the phone sent a message of the unknown type ${type[0] ?? "?"}`);
  return read(reader);
}

const messages: Readonly<
  Partial<Record<number, (reader: ByteReader) => Promise<DeviceMessage | null>>>
> = {
  0: async (reader) => {
    const bytes = (await reader.exactly(4))?.readUInt32BE();
    if (bytes === undefined) return null;
    if (bytes > maxClipboardBytes) throw new Error(`a clipboard of ${bytes} bytes is none`);
    const text = await reader.exactly(bytes);
    return text && { type: "clipboard", text: text.toString("utf8") };
  },
  1: async (reader) => {
    const sequence = await reader.exactly(8);
    return sequence && { type: "clipboard-set", sequence: sequence.readBigUInt64BE() };
  },
  2: async (reader) => {
    const head = await reader.exactly(4);
    const data = head && (await reader.exactly(head.readUInt16BE(2)));
    return data && { type: "other" };
  },
};
