import {
  type HostMessage,
  hostMessageSchema,
  liveKinds,
  pictureHeaderBytes,
  type ViewerMessage,
} from "@cloudphone/shared/live";
import {
  type RelayEndReason,
  relayEndOf,
  relayPath,
  relayProtocol,
} from "@cloudphone/shared/relay";

/** A picture that came by the relay. */
export interface RelayedPicture {
  readonly key: boolean;
  readonly width: number;
  readonly height: number;
  readonly ptsUs: number;
  /** Annex B. */
  readonly data: Uint8Array;
}

export interface LineEvents {
  onOpen(): void;
  onMessage(message: HostMessage): void;
  onPicture(picture: RelayedPicture): void;
  /** Null: it broke, and nobody said why. */
  onEnd(reason: RelayEndReason | null): void;
}

/** The session's line to the phone's host, through the hub's relay: frames of shared/src/live.ts on a WebSocket. */
export class Line {
  readonly #socket: WebSocket;
  readonly #frames = new Frames();

  constructor(hubUrl: string, ticket: string, events: LineEvents) {
    const url = new URL(relayPath, hubUrl);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(url, [relayProtocol, ticket]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => events.onOpen());
    this.#socket.addEventListener("close", ({ code }) => events.onEnd(relayEndOf(code)));
    this.#socket.addEventListener("message", ({ data }) => {
      if (!(data instanceof ArrayBuffer)) return;
      for (const frame of this.#frames.push(new Uint8Array(data))) take(frame, events);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: ViewerMessage): void {
    if (this.isOpen) this.#socket.send(encodeMessage(message));
  }

  close(): void {
    this.#socket.close(1000);
  }
}

function take({ kind, body }: Frame, events: LineEvents): void {
  if (kind === liveKinds.message) {
    const message = hostMessageSchema.safeParse(JSON.parse(new TextDecoder().decode(body)));
    // A newer host may say what this page does not know.
    if (message.success) events.onMessage(message.data);
  } else if (kind === liveKinds.picture) {
    const head = new DataView(body.buffer, body.byteOffset, pictureHeaderBytes);
    events.onPicture({
      key: head.getUint8(0) === 1,
      width: head.getUint16(1),
      height: head.getUint16(3),
      ptsUs: head.getFloat64(5),
      data: body.subarray(pictureHeaderBytes),
    });
  }
}

export function encodeMessage(message: ViewerMessage): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const frame = new Uint8Array(5 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length + 1);
  frame[4] = liveKinds.message;
  frame.set(body, 5);
  return frame;
}

export interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
}

/** Puts frames together again from bytes that come in pieces of any size. */
export class Frames {
  #kept: Uint8Array[] = [];
  #bytes = 0;

  push(piece: Uint8Array): Frame[] {
    this.#kept.push(piece);
    this.#bytes += piece.length;
    const frames: Frame[] = [];
    for (
      let length = this.#length();
      length !== null && this.#bytes >= 4 + length;
      length = this.#length()
    ) {
      const frame = this.#take(4 + length);
      frames.push({ kind: frame[4] ?? 0, body: frame.subarray(5) });
    }
    return frames;
  }

  #length(): number | null {
    if (this.#bytes < 5) return null;
    const head = this.#joined();
    return new DataView(head.buffer, head.byteOffset).getUint32(0);
  }

  #take(bytes: number): Uint8Array {
    const all = this.#joined();
    this.#kept = [all.subarray(bytes)];
    this.#bytes -= bytes;
    return all.subarray(0, bytes);
  }

  #joined(): Uint8Array {
    const [first] = this.#kept;
    if (this.#kept.length === 1 && first) return first;
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#kept) {
      all.set(piece, at);
      at += piece.length;
    }
    this.#kept = [all];
    return all;
  }
}
