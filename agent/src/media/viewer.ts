import type { Duplex } from "node:stream";
import { Fault, toFault } from "@cloudphone/shared/fault";
import {
  type HostMessage,
  inputSchema,
  type LiveCandidate,
  maxCandidates,
  maxInputsPerSecond,
  maxLiveMessageBytes,
  type Quality,
  type ViewerMessage,
} from "@cloudphone/shared/live";
import { encodeMessage, encodeSound } from "@cloudphone/shared/live-frames";
import type { Logger } from "pino";
import { chunksOf } from "../byte-reader.ts";
import { pictureFrame, readViewerMessages, type UnreadableInput } from "./framing.ts";
import type { Peer, PeerOptions } from "./peer.ts";
import type { Picture, Screen, Spectator } from "./screen.ts";
import type { MediaPacket } from "./scrcpy/streams.ts";

export interface ViewerOptions {
  readonly screen: Screen;
  /** The relay's bytes; whoever makes them ends them with the lease. */
  readonly stream: Duplex;
  readonly mayControl: boolean;
  /** False: it gets no sound, whatever it asks for. */
  readonly mayHear: boolean;
  /** Sets the phone's clipboard, or (null) reads it; resolves with what is in it then. */
  clipboard(text: string | null): Promise<string>;
  readonly peer: Omit<PeerOptions, "events">;
  readonly logger: Logger;
}

/** As much may wait on the way to the relay; beyond it pictures are dropped up to the next key frame. */
const maxWaitingBytes = 512 * 1024;
const maxOffers = 50;
const maxBadMessages = 100;
/** While the hub is away, a viewer with a direct connection goes on seeing for so long. */
const withoutHubMs = 60_000;

/**
 * One viewer of a screen: takes the signals from the relay, answers with a WebRTC connection, and sends pictures there, or on the relay itself where
 * no direct path exists. What a viewer sends is refused or dropped where it is wrong; only what is no message at all ends its session.
 */
export class Viewer implements Spectator {
  readonly mayControl: boolean;
  readonly #options: ViewerOptions;
  #peer: Peer | null = null;
  #fingerprint = "";
  #onRelay = false;
  #relayWaits = false;
  #sound = false;
  #offers = 0;
  #candidates = 0;
  #badMessages = 0;
  #inputs = { second: 0, count: 0 };
  #quality: Quality | null = null;
  readonly #gone = Promise.withResolvers<void>();

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.mayControl = options.mayControl;
  }

  /** What the viewer last said of how it went. */
  get quality(): Quality | null {
    return this.#quality;
  }

  /** Resolves when the session is over. `mayOutlive` tells, once the relay's line has ended, whether a direct connection may go on for a while. */
  async run(mayOutlive: () => Promise<boolean>): Promise<void> {
    const { screen, stream, logger } = this.#options;
    stream.on("error", () => undefined);
    try {
      await this.#listen();
      if (this.#peer?.connected && (await mayOutlive())) await this.#outlive();
    } catch (error) {
      const { message } = toFault(error);
      logger.warn({ err: error }, "a viewer's session ended");
      this.tell({ type: "trouble", code: toFault(error).code, message, again: false });
    } finally {
      screen.leave(this);
      // What was told last still goes out.
      stream.end();
      this.#leavePeer();
    }
  }

  picture(picture: Picture): void {
    if (this.#peer?.connected && !this.#onRelay)
      this.#peer.sendPicture(picture.payloads, picture.atMs);
    else if (this.#onRelay) this.#relayPicture(picture);
  }

  sound(packet: MediaPacket): void {
    if (!this.#sound) return;
    if (this.#peer?.connected && !this.#onRelay) this.#peer.sendSound(packet.data, packet.ptsUs);
    else if (this.#onRelay && !this.#relayWaits && !this.#isLineFull)
      this.#write(encodeSound(packet));
  }

  tell(message: HostMessage): void {
    // What was copied on the phone may be a password: it is not on the screen, so who only looks does not see it.
    if (message.type === "clipboard" && !this.mayControl) return;
    if (!this.#options.stream.writable) this.#peer?.sendMessage(JSON.stringify(message));
    else this.#write(encodeMessage(message));
  }

  async #listen(): Promise<void> {
    for await (const message of readViewerMessages(chunksOf(this.#options.stream)))
      await this.#take(message);
  }

  async #take(message: ViewerMessage | UnreadableInput): Promise<void> {
    const { screen } = this.#options;
    switch (message.type) {
      case "hello":
        this.#sound = message.sound && this.#options.mayHear;
        return screen.join(this);
      case "offer":
        return this.#offer(message.sdp);
      case "candidate":
        return this.#candidate(message.candidate);
      case "relay":
        this.#onRelay = message.on;
        this.#relayWaits = false;
        return screen.refresh(this);
      case "key-frame":
        return screen.refresh(this);
      case "control":
        return screen.control(this, message.take);
      case "quality":
        this.#quality = message.quality;
        return;
      case "input":
        if (this.#mayInput()) screen.input(this, message.input);
        return;
      case "unreadable-input":
        return this.#countUnreadable();
      case "clipboard":
        return this.#clipboard(message.text);
    }
  }

  /** One after the other, as the viewer's next message waits. */
  async #clipboard(text: string | null): Promise<void> {
    try {
      if (!this.#mayInput()) throw new Fault("forbidden", "This viewer may only look.");
      this.tell({ type: "clipboard", text: await this.#options.clipboard(text) });
    } catch (error) {
      const { code, message } = toFault(error);
      this.tell({ type: "trouble", code, message, again: false });
    }
  }

  /** A wrong offer is told and changes nothing. */
  async #offer(sdp: string): Promise<void> {
    if (++this.#offers > maxOffers)
      throw new Fault("bad_input", "The viewer made too many offers.");
    this.#candidates = 0;
    const fingerprint = /^a=fingerprint:\S+ (\S+)/m.exec(sdp)?.[1];
    if (!fingerprint || !/^m=video /m.test(sdp) || !/H264\/90000/i.test(sdp))
      return this.#refuseOffer();
    if (!this.#peer || fingerprint !== this.#fingerprint) {
      const peer = await this.#openPeer();
      this.#leavePeer();
      this.#peer = peer;
      this.#fingerprint = fingerprint;
    }
    try {
      this.tell({ type: "answer", sdp: await this.#peer.accept(sdp) });
    } catch (error) {
      this.#options.logger.info({ err: error }, "a viewer's offer can't be used");
      this.#refuseOffer();
    }
  }

  #refuseOffer(): void {
    const message =
      "The connection that was offered can't be used: it is not valid SDP, or has no H.264.";
    this.tell({ type: "trouble", code: "bad_input", message, again: false });
  }

  async #candidate(candidate: LiveCandidate | null): Promise<void> {
    if (++this.#candidates > maxCandidates) return;
    await this.#peer?.addCandidate(candidate).catch((error: unknown) => {
      this.#options.logger.debug({ err: error }, "a viewer's candidate can't be used");
    });
  }

  async #openPeer(): Promise<Peer> {
    const { screen, peer: options } = this.#options;
    // Here, as all that only some hosts ever need: half of an agent's start was to load it.
    const peers = await import("./peer.ts");
    const peer: Peer = new peers.Peer({
      ...options,
      events: {
        onCandidate: (candidate) => this.tell({ type: "candidate", candidate }),
        onState: (state) => {
          if (this.#peer !== peer) return;
          if (state === "connected") screen.refresh(this);
          else if (!this.#options.stream.readable) this.#gone.resolve();
        },
        onMessage: (text) => this.#input(text),
        onKeyFrameWanted: () => screen.refresh(this),
        onReport: (report) => screen.report(report),
      },
    });
    return peer;
  }

  #input(text: string): void {
    if (!this.#mayInput()) return;
    const input = text.length > maxLiveMessageBytes ? null : inputSchema.safeParse(parse(text));
    if (input?.success) this.#options.screen.input(this, input.data);
    else this.#countUnreadable();
  }

  /** Who sends nothing but rubbish is not listened to any more. */
  #countUnreadable(): void {
    if (++this.#badMessages === maxBadMessages)
      this.#options.logger.warn("a viewer's input can't be read; it is ignored from now on");
  }

  #mayInput(): boolean {
    if (!this.mayControl || this.#badMessages >= maxBadMessages) return false;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#inputs.second) this.#inputs = { second, count: 0 };
    return ++this.#inputs.count <= maxInputsPerSecond;
  }

  #relayPicture({ unit }: Picture): void {
    const waiting = this.#isLineFull;
    if (waiting && !this.#relayWaits) {
      this.#relayWaits = true;
      this.#options.screen.report({ loss: 1, rttMs: null });
    }
    if (this.#relayWaits && (waiting || !unit.key)) {
      if (!waiting) this.#options.screen.refresh(this);
      return;
    }
    this.#relayWaits = false;
    this.#write(pictureFrame(unit));
  }

  get #isLineFull(): boolean {
    return this.#options.stream.writableLength > maxWaitingBytes;
  }

  #write(frame: Uint8Array): void {
    const { stream } = this.#options;
    if (stream.writable) stream.write(frame);
  }

  /** Until the viewer goes, or for a minute: by then it has a new session at the hub. */
  async #outlive(): Promise<void> {
    const late = setTimeout(() => this.#gone.resolve(), withoutHubMs);
    late.unref();
    await this.#gone.promise;
    clearTimeout(late);
  }

  /** Ends the session now: its lease is another's. */
  end(): void {
    this.#gone.resolve();
    this.#options.stream.destroy();
    this.#leavePeer();
  }

  /** Nobody waits for it: a TURN server that is gone is said goodbye to for half a minute. */
  #leavePeer(): void {
    void this.#peer?.close().catch(() => undefined);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
