import { describe, expect, it } from "vitest";
import { ByteReader } from "../../../byte-reader.ts";
import { readVideoTag } from "./flv.ts";

function tag(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(11);
  head[0] = type;
  head.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([head, body, Buffer.alloc(4)]);
}
const unit = (...bytes: number[]): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, Buffer.from(bytes)]);
};

function readerOf(...parts: Buffer[]): ByteReader {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (const byte of Buffer.concat(parts)) yield await Promise.resolve(Buffer.from([byte]));
  }
  return new ByteReader(chunks());
}

describe("video in FLV", () => {
  it("is read as a configuration and pictures in Annex B, whatever else the stream holds", async () => {
    const record = Buffer.from([1, 66, 224, 31, 0xff, 0xe1, 0, 2, 0x67, 1, 1, 0, 2, 0x68, 2]);
    const reader = readerOf(
      tag(18, Buffer.from("metadata")),
      tag(9, Buffer.concat([Buffer.from([0x17, 0, 0, 0, 0]), record])),
      tag(9, Buffer.concat([Buffer.from([0x17, 1, 0, 0, 0]), unit(6, 9, 9), unit(0x65, 7)])),
      tag(9, Buffer.concat([Buffer.from([0x27, 1, 0, 0, 0]), unit(0x61, 8)])),
    );
    const start = [0, 0, 0, 1];
    expect(await readVideoTag(reader)).toEqual({
      data: Buffer.from([...start, 0x67, 1, ...start, 0x68, 2]),
      config: true,
      key: false,
    });
    expect(await readVideoTag(reader)).toEqual({
      data: Buffer.from([...start, 0x65, 7]),
      config: false,
      key: true,
    });
    expect(await readVideoTag(reader)).toMatchObject({ key: false });
    expect(await readVideoTag(reader)).toBeNull();
  });
});
