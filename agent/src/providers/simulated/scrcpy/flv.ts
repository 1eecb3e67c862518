import type { ByteReader } from "../../../byte-reader.ts";

/** A video tag's content as scrcpy would send it: Annex B. */
export interface VideoTag {
  readonly data: Buffer;
  readonly config: boolean;
  readonly key: boolean;
}

const videoTag = 9;
const avc = 7;
const startCode = Buffer.from([0, 0, 0, 1]);

/** The next tag with H.264 in a stream of FLV behind its header (Adobe FLV 10.1, annex E); null at the end. */
export async function readVideoTag(reader: ByteReader): Promise<VideoTag | null> {
  for (;;) {
    const head = await reader.exactly(11);
    if (!head) return null;
    const body = await reader.exactly(head.readUIntBE(1, 3));
    const trailer = await reader.exactly(4);
    if (!body || !trailer) return null;
    if ((head[0] ?? 0) !== videoTag || ((body[0] ?? 0) & 15) !== avc) continue;
    const content = body.subarray(5);
    if (body[1] === 0) return { data: parameterSets(content), config: true, key: false };
    if (body[1] === 1)
      return { data: annexB(content), config: false, key: (body[0] ?? 0) >> 4 === 1 };
  }
}

/** SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
function parameterSets(record: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (record[at++] ?? 0) & mask;
    for (let set = 0; set < count; set++) {
      const length = record.readUInt16BE(at);
      parts.push(startCode, record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return Buffer.concat(parts);
}

/** Units with a length of four bytes become units with a start code; parameter sets and SEI, which the configuration holds or nobody needs, go. */
function annexB(content: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 < content.length; ) {
    const length = content.readUInt32BE(at);
    const unit = content.subarray(at + 4, at + 4 + length);
    const type = (unit[0] ?? 0) & 31;
    if (type >= 1 && type <= 5) parts.push(startCode, unit);
    at += 4 + length;
  }
  return Buffer.concat(parts);
}
