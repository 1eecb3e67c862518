import type { Duplex } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice } from "../../adb/adb.ts";
import { within } from "../../adb/deadline.ts";
import { ByteReader } from "../../byte-reader.ts";
import { type AccessUnit, AccessUnits } from "../access-units.ts";
import { type ControlMessage, encodeControl } from "./control.ts";
import { ServerRun } from "./server-run.ts";
import {
  codecs,
  type MediaPacket,
  readAudioMeta,
  readDeviceMessage,
  readPacket,
  readVideoMeta,
} from "./streams.ts";

/** What the phone's encoder is asked for. */
export interface Profile {
  /** Of the longer side, in pixels; rounded down to a multiple of eight. */
  readonly maxSize: number;
  readonly maxFps: number;
  /** Bits a second. */
  readonly videoBitRate: number;
}

export interface SessionEvents {
  onPicture(unit: AccessUnit): void;
  /** One packet of Opus: 48 kHz, stereo, 20 ms. */
  onSound(packet: MediaPacket): void;
  onClipboard(text: string): void;
  /** Once, when it has ended: null after `close`, else why, for a person. */
  onEnd(fault: Fault | null): void;
}

export interface SessionOptions {
  readonly profile: Profile;
  readonly audio: boolean;
  /** 31 bits, another one for each session: part of the socket's name on the phone. */
  readonly scid: number;
  readonly events: SessionEvents;
  readonly signal: AbortSignal;
}

const startMs = 10_000;
const clipboardMs = 2000;
/** As much may wait in the control socket; a phone that takes nothing more for so long loses what moves only. */
const maxWaitingBytes = 512 * 1024;

/**
 * One run of scrcpy's server on a phone and its three sockets: pictures, sound, control. It ends when any of the sockets does.
 */
export class ScrcpySession {
  readonly #options: SessionOptions;
  readonly #run: ServerRun;
  readonly #clipboardSet = new Map<bigint, () => void>();
  #control: Duplex | null = null;
  #sequence = 0n;
  #ended = false;

  private constructor(device: AdbDevice, options: SessionOptions) {
    const { profile, audio, scid, signal } = options;
    const words = {
      audio,
      max_size: profile.maxSize,
      max_fps: profile.maxFps,
      video_bit_rate: profile.videoBitRate,
    };
    this.#options = options;
    this.#run = new ServerRun(device, { scid, words, what: "screen", signal });
  }

  /** Resolves once the phone has said the size of its first picture. `device_failed` with the server's own words when it would not run. */
  static async open(device: AdbDevice, options: SessionOptions): Promise<ScrcpySession> {
    const session = new ScrcpySession(device, options);
    try {
      await session.#open();
      return session;
    } catch (error) {
      session.close();
      throw session.#run.explain(error);
    }
  }

  /** False when the phone does not keep up and the message was dropped; only moves may be. */
  send(message: ControlMessage): boolean {
    const control = this.#control;
    if (!control || this.#ended) return false;
    if (control.writableLength > maxWaitingBytes && isDroppable(message)) return false;
    control.write(encodeControl(message));
    return true;
  }

  /** Sets the phone's clipboard, and pastes it where the cursor is; resolves when the phone has said so. `timed_out` when it does not. */
  async setClipboard(text: string, { paste }: { paste: boolean }): Promise<void> {
    const sequence = ++this.#sequence;
    const done = Promise.withResolvers<void>();
    this.#clipboardSet.set(sequence, done.resolve);
    try {
      this.send({ type: "set-clipboard", sequence, paste, text });
      await within(done.promise, {
        timeoutMs: clipboardMs,
        what: "the phone did not take the text",
      });
    } finally {
      this.#clipboardSet.delete(sequence);
    }
  }

  close(): void {
    this.#end(null);
  }

  #end(fault: Fault | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#run.close();
    this.#options.events.onEnd(fault);
  }

  async #open(): Promise<void> {
    const { signal, audio } = this.#options;
    await this.#run.start();
    const roles = audio ? ["video", "audio", "control"] : ["video", "control"];
    const readers = new Map<string, ByteReader>();
    for (const role of roles) {
      const socket = await this.#run.connect();
      readers.set(role, new ByteReader(socket as AsyncIterable<Buffer>));
      if (role === "control") this.#control = socket;
    }
    const video = readers.get("video");
    if (!video) return;
    // The dummy byte told that the server is there; the phone's name follows once all sockets are open.
    const meta = await within(
      video.exactly(1 + 64).then(() => readVideoMeta(video)),
      { timeoutMs: startMs, signal, what: "the phone did not begin its video" },
    );
    if (!meta) throw new Fault("device_failed", "The phone ended its video at once.");
    if (meta.codec !== codecs.h264)
      throw new Fault("device_failed", "The phone sends another video than H.264.");
    this.#pump("video", this.#readVideo(video));
    this.#pump("control", this.#readControl(readers.get("control")));
    this.#pump("audio", this.#readAudio(readers.get("audio")));
  }

  async #readVideo(reader: ByteReader): Promise<void> {
    const units = new AccessUnits();
    for (let packet = await readPacket(reader); packet; packet = await readPacket(reader)) {
      const unit = units.next(packet);
      if (unit) this.#options.events.onPicture(unit);
    }
  }

  /** A phone without sound goes on without it; one whose sound ends otherwise ends as a whole, as its server does. */
  async #readAudio(reader: ByteReader | undefined): Promise<void> {
    const codec = reader ? await readAudioMeta(reader) : "none";
    if (!reader || codec !== "opus")
      return codec === null ? undefined : new Promise(() => undefined);
    for (let packet = await readPacket(reader); packet; packet = await readPacket(reader))
      if (!packet.config) this.#options.events.onSound(packet);
  }

  async #readControl(reader: ByteReader | undefined): Promise<void> {
    if (!reader) return;
    for (
      let message = await readDeviceMessage(reader);
      message;
      message = await readDeviceMessage(reader)
    ) {
      if (message.type === "clipboard") this.#options.events.onClipboard(message.text);
      if (message.type === "clipboard-set") this.#clipboardSet.get(message.sequence)?.();
    }
  }

  /** A socket's reading, whose end is the session's. */
  #pump(what: string, reading: Promise<void>): void {
    const end = (error: unknown): void =>
      this.#end(this.#run.explain(error ?? new Error(`its ${what} socket ended`)));
    reading.then(() => end(null), end);
  }
}

const isDroppable = (message: ControlMessage): boolean =>
  (message.type === "touch" && message.action === "move") || message.type === "scroll";
