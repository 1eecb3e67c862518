import {
  adbCommands as commands,
  adbHeaderBytes as headerBytes,
  maxPayloadBytes,
} from "@cloudphone/shared/adb-wire";
import type { ByteReader } from "../byte-reader.ts";

/** What every end may send before it has heard how much the other takes (MAX_PAYLOAD_V1 of adb.h). */
export const firstPayloadBytes = 4096;

export interface Message {
  readonly command: number;
  readonly arg0: number;
  readonly arg1: number;
  /** The payload, in pieces. */
  readonly data: readonly Buffer[];
}

const checksum = (data: readonly Buffer[]): number => {
  let sum = 0;
  for (const piece of data) for (const byte of piece) sum = (sum + byte) >>> 0;
  return sum;
};

export const bytesOf = (data: readonly Buffer[]): number =>
  data.reduce((sum, { length }) => sum + length, 0);

/** The header of a message, to be followed by its payload. */
export function encodeHeader(message: Message, options: { checksums: boolean }): Buffer {
  const { command, arg0, arg1, data } = message;
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32LE(command, 0);
  header.writeUInt32LE(arg0, 4);
  header.writeUInt32LE(arg1, 8);
  header.writeUInt32LE(bytesOf(data), 12);
  header.writeUInt32LE(options.checksums ? checksum(data) : 0, 16);
  header.writeUInt32LE((command ^ 0xffffffff) >>> 0, 20);
  return header;
}

/** The next message; null at the end of the stream, and when something other than adb talks here. */
export async function readMessage(
  reader: ByteReader,
  options: { checksums: () => boolean },
): Promise<Message | null> {
  const header = await reader.exactly(headerBytes);
  if (!header) return null;
  const command = header.readUInt32LE(0);
  const length = header.readUInt32LE(12);
  if (length > maxPayloadBytes || header.readUInt32LE(20) !== (command ^ 0xffffffff) >>> 0)
    return null;
  const data = length > 0 ? await reader.pieces(length) : [];
  if (!data) return null;
  if (
    options.checksums() &&
    command !== commands.CNXN &&
    header.readUInt32LE(16) !== checksum(data)
  )
    return null;
  return { command, arg0: header.readUInt32LE(4), arg1: header.readUInt32LE(8), data };
}
