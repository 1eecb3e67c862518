import {
  type HostMessage,
  hostMessageSchema,
  liveKinds,
  type ViewerMessage,
} from "@cloudphone/shared/live";
import {
  encodeMessage,
  type LiveFrame,
  LiveFrames,
  type LivePicture,
  type LiveSound,
  messageIn,
  pictureIn,
  soundIn,
} from "@cloudphone/shared/live-frames";
import {
  type RelayEndReason,
  relayAddress,
  relayEndOf,
  relayProtocol,
} from "@cloudphone/shared/relay";

export interface LineEvents {
  onOpen(): void;
  onMessage(message: HostMessage): void;
  onPicture(picture: LivePicture): void;
  onSound(sound: LiveSound): void;
  /** Null: it broke, and nobody said why. */
  onEnd(reason: RelayEndReason | null): void;
}

const maxFrameBytes = 32 * 1024 ** 2;
const maxEarly = 100;

/** The session's line to the phone's host, through the hub's relay: frames of shared/src/live.ts on a WebSocket. */
export class Line {
  readonly #socket: WebSocket;
  readonly #frames = new LiveFrames(maxFrameBytes);
  /** What was said before it was open: a greeting, an offer and its candidates. No input: a tap that comes late hits something else. */
  #early: ViewerMessage[] = [];

  constructor(hubUrl: string, ticket: string, events: LineEvents) {
    this.#socket = new WebSocket(relayAddress(hubUrl), [relayProtocol, ticket]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => {
      for (const message of this.#early.splice(0)) this.send(message);
      events.onOpen();
    });
    this.#socket.addEventListener("close", ({ code }) => events.onEnd(relayEndOf(code)));
    this.#socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#take(new Uint8Array(data), events);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get #isDialling(): boolean {
    return this.#socket.readyState === WebSocket.CONNECTING;
  }

  send(message: ViewerMessage): void {
    if (this.isOpen) this.#socket.send(encodeMessage(message));
    else if (this.#isDialling && message.type !== "input" && this.#early.length < maxEarly)
      this.#early.push(message);
  }

  close(): void {
    this.#socket.close(1000);
  }

  #take(piece: Uint8Array, events: LineEvents): void {
    let frames: LiveFrame[] = [];
    try {
      frames = this.#frames.push(piece);
    } catch {
      // Nothing that comes after can be read: a new session begins afresh.
      this.close();
    }
    for (const frame of frames) tell(frame, events);
  }
}

function tell({ kind, body }: LiveFrame, events: LineEvents): void {
  if (kind === liveKinds.message) {
    const message = hostMessageSchema.safeParse(messageIn(body));
    // A newer host may say what this page does not know.
    if (message.success) events.onMessage(message.data);
  } else if (kind === liveKinds.picture) {
    const picture = pictureIn(body);
    if (picture) events.onPicture(picture);
  } else if (kind === liveKinds.sound) {
    const sound = soundIn(body);
    if (sound) events.onSound(sound);
  }
}
