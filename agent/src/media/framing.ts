import { Fault } from "@cloudphone/shared/fault";
import {
  type HostMessage,
  liveKinds,
  maxLiveMessageBytes,
  pictureHeaderBytes,
  type ViewerMessage,
  viewerMessageSchema,
} from "@cloudphone/shared/live";
import type { ByteReader } from "../byte-reader.ts";
import type { AccessUnit } from "./access-units.ts";

/** Frames of a live session on the relay's bytes (shared/src/live.ts). */

/** The viewer's next message, or null at the end. A Fault is what a viewer must not send; the session ends with it. */
export async function readViewerMessage(reader: ByteReader): Promise<ViewerMessage | null> {
  const head = await reader.exactly(5);
  if (!head) return null;
  const bytes = head.readUInt32BE() - 1;
  if (head[4] !== liveKinds.message || bytes < 0 || bytes > maxLiveMessageBytes)
    throw new Fault("bad_input", "The viewer sent what is no message.");
  const body = await reader.exactly(bytes);
  return body && parseViewerMessage(body.toString("utf8"));
}

function parseViewerMessage(text: string): ViewerMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Fault("bad_input", "The viewer sent a message that is no JSON.");
  }
  const message = viewerMessageSchema.safeParse(json);
  if (message.success) return message.data;
  const [issue] = message.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new Fault(
    "bad_input",
    `The viewer sent a message that can't be read: ${where} ${issue?.message ?? ""}`.trim(),
  );
}

export const messageFrame = (message: HostMessage): Buffer =>
  frame(liveKinds.message, [Buffer.from(JSON.stringify(message))]);

const startCode = Buffer.from([0, 0, 0, 1]);

export function pictureFrame(unit: AccessUnit): Buffer {
  const header = Buffer.alloc(pictureHeaderBytes);
  header[0] = unit.key ? 1 : 0;
  header.writeUInt16BE(unit.width, 1);
  header.writeUInt16BE(unit.height, 3);
  header.writeDoubleBE(unit.ptsUs, 5);
  return frame(liveKinds.picture, [header, ...unit.units.flatMap((part) => [startCode, part])]);
}

export function soundFrame({ ptsUs, data }: { ptsUs: number; data: Buffer }): Buffer {
  const time = Buffer.alloc(8);
  time.writeDoubleBE(ptsUs);
  return frame(liveKinds.sound, [time, data]);
}

function frame(kind: number, parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 1));
  head[4] = kind;
  return Buffer.concat([head, ...parts]);
}
