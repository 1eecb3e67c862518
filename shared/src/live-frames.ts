import { Fault } from "./fault.ts";
import { type HostMessage, liveKinds, pictureHeaderBytes, type ViewerMessage } from "./live.ts";
import { Pieces } from "./pieces.ts";

/** The bytes of a live session's frames (live.ts), for the host, the command line and the page alike. Pure. */

/** One frame; the kind is one of `liveKinds`, or one that a newer side knows. */
export interface LiveFrame {
  readonly kind: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A picture on the relay. */
export interface LivePicture {
  readonly key: boolean;
  readonly width: number;
  readonly height: number;
  readonly ptsUs: number;
  /** H.264 in Annex B. */
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface LiveSound {
  readonly ptsUs: number;
  /** One packet of Opus: 48 kHz, stereo, 20 ms. */
  readonly data: Uint8Array<ArrayBuffer>;
}

const headBytes = 5;
const soundHeaderBytes = 8;

export const encodeMessage = (message: ViewerMessage | HostMessage): Uint8Array<ArrayBuffer> =>
  encode(liveKinds.message, [new TextEncoder().encode(JSON.stringify(message))]);

/** The picture's data may lie in several pieces. */
export function encodePicture(
  { key, width, height, ptsUs }: Omit<LivePicture, "data">,
  data: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(pictureHeaderBytes));
  header.setUint8(0, key ? 1 : 0);
  header.setUint16(1, width);
  header.setUint16(3, height);
  header.setFloat64(5, ptsUs);
  return encode(liveKinds.picture, [new Uint8Array(header.buffer), ...data]);
}

export function encodeSound({
  ptsUs,
  data,
}: {
  ptsUs: number;
  data: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  const time = new DataView(new ArrayBuffer(soundHeaderBytes));
  time.setFloat64(0, ptsUs);
  return encode(liveKinds.sound, [new Uint8Array(time.buffer), data]);
}

function encode(kind: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const frame = new Uint8Array(headBytes + bytes);
  new DataView(frame.buffer).setUint32(0, bytes + 1);
  frame[4] = kind;
  let at = headBytes;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** What a `message` frame says, not yet held against its schema; undefined: it is no JSON. */
export function messageIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Null: too short to be one. */
export function pictureIn(body: Uint8Array<ArrayBuffer>): LivePicture | null {
  if (body.length < pictureHeaderBytes) return null;
  const head = viewOf(body);
  return {
    key: (head.getUint8(0) & 1) === 1,
    width: head.getUint16(1),
    height: head.getUint16(3),
    ptsUs: head.getFloat64(5),
    data: body.subarray(pictureHeaderBytes),
  };
}

/** Null: too short to be one. */
export function soundIn(body: Uint8Array<ArrayBuffer>): LiveSound | null {
  if (body.length < soundHeaderBytes) return null;
  return { ptsUs: viewOf(body).getFloat64(0), data: body.subarray(soundHeaderBytes) };
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length);

/** Puts frames together again from bytes that come in pieces of any size. Keeps no more than one frame and the piece its end came in. */
export class LiveFrames {
  readonly #maxBodyBytes: number;
  readonly #pieces = new Pieces();

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** The frames that are whole now. A Fault when one says that it is larger than allowed, before it is kept: nothing after it can be read. */
  push(piece: Uint8Array): LiveFrame[] {
    this.#pieces.push(piece);
    const frames: LiveFrame[] = [];
    for (let bytes = this.#next(); bytes !== null; bytes = this.#next()) {
      const frame = this.#pieces.take(bytes);
      frames.push({ kind: frame[4] ?? 0, body: frame.subarray(headBytes) });
    }
    return frames;
  }

  /** How long the next frame is, once it is whole. */
  #next(): number | null {
    if (this.#pieces.bytes < headBytes) return null;
    const length = viewOf(this.#pieces.front(headBytes)).getUint32(0);
    if (length < 1 || length - 1 > this.#maxBodyBytes)
      throw new Fault(
        "bad_input",
        `What came on the line is no frame of a live session, or longer than ${this.#maxBodyBytes} bytes.`,
      );
    return this.#pieces.bytes < 4 + length ? null : 4 + length;
  }
}

/** "avc1.42e01f": profile, constraints and level as the sequence parameter set says them (RFC 6381, 3.3), or null without one near the front. */
export function codecOf(annexB: Uint8Array): string | null {
  for (let at = 0; at + 7 < annexB.length && at < 256; at++) {
    const isStart = annexB[at] === 0 && annexB[at + 1] === 0 && annexB[at + 2] === 1;
    if (!isStart || ((annexB[at + 3] ?? 0) & 31) !== 7) continue;
    const bytes = annexB.subarray(at + 4, at + 7);
    return `avc1.${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
  return null;
}
