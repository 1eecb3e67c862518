import { setTimeout as delay } from "node:timers/promises";
import type { SimPhone } from "../phone.ts";
import { drawScreen } from "../ui/draw.ts";
import { blankFrame, type Frame, resized } from "../ui/frame.ts";
import type { Scene } from "../ui/scene.ts";
import type { VideoState } from "./controller.ts";
import { type ServerOptions, videoSize } from "./options.ts";
import type { Packet } from "./packets.ts";
import { openVideoEncoder, type VideoEncoder } from "./video-encoder.ts";

/** A still picture is encoded once more after this long, as MediaCodec does on Android. */
const repeatAfterMs = 100;
const mostFps = 30;
/** The display's own rate: what has changed while nothing moved is encoded at its next refresh, and not only when the encoder's next picture would be due. */
const refreshMs = 1000 / 60;
/** What the real server falls back to when an encoder refuses a size (SurfaceEncoder.java). */
const smallerSizes = [2560, 1920, 1600, 1280, 1024, 800] as const;

/**
 * The video of one session: the phone's screen, drawn at each tick and encoded when it has changed. A reader that does not keep up holds it back,
 * so that no queue grows.
 */
export class VideoSource implements VideoState {
  readonly #phone: SimPhone;
  readonly #options: ServerOptions;
  readonly #scene: () => Scene;
  #maxSize: number;
  #resetWanted = false;

  constructor(phone: SimPhone, options: ServerOptions) {
    this.#phone = phone;
    this.#options = options;
    this.#scene = () => ({ phone, ...phone.size, now: new Date() });
    this.#maxSize = options.maxSize;
    this.#findSize();
  }

  get size(): { width: number; height: number } {
    return videoSize(this.#phone.size, this.#maxSize);
  }

  /** Begins the video anew, with its configuration and a key frame, as the real server restarts its capture. */
  reset(): void {
    this.#resetWanted = true;
  }

  /** Resolves when the signal aborts; rejects when the encoder fails. */
  async run(write: (packet: Packet) => Promise<void>, signal: AbortSignal): Promise<void> {
    const begunMs = performance.now();
    while (!signal.aborted) {
      this.#resetWanted = false;
      const encoder = openVideoEncoder(this.size, this.#options.videoBitRate);
      try {
        await this.#stream({ encoder, begunMs, write }, signal);
      } finally {
        encoder.close();
      }
    }
  }

  /** Until a reset is wanted or the screen has been turned. */
  async #stream(
    {
      encoder,
      begunMs,
      write,
    }: { encoder: VideoEncoder; begunMs: number; write(packet: Packet): Promise<void> },
    signal: AbortSignal,
  ): Promise<void> {
    const { width, height } = this.#phone.size;
    const { size } = this;
    const canvas = blankFrame(width, height);
    const periodMs = 1000 / Math.min(this.#options.maxFps || mostFps, mostFps);
    let lastMs = Number.NEGATIVE_INFINITY;
    let dueMs = lastMs;
    let repeated = false;
    let refreshAtMs = performance.now();
    while (!signal.aborted && !this.#resetWanted && this.#phone.size.width === width) {
      const nowMs = performance.now();
      const scrolled = this.#draw(canvas);
      const force: boolean = !repeated && nowMs - lastMs > repeatAfterMs && Number.isFinite(lastMs);
      const ptsUs = BigInt(Math.round((nowMs - begunMs) * 1000));
      const packets = await encoder.encode(resized(canvas, size), { scrolled, force });
      for (const packet of packets) await write({ ...packet, ptsUs });
      if (packets.length > 0) {
        repeated = force;
        lastMs = nowMs;
        // The rate is an average: after a rest the picture of a finger's touch does not hold back, for another period, the one of what the touch did.
        dueMs = Math.max(dueMs + periodMs, nowMs);
      }
      do refreshAtMs += refreshMs;
      while (refreshAtMs < Math.max(dueMs - refreshMs / 2, performance.now()));
      await delay(refreshAtMs - performance.now());
    }
  }

  /** Returns how far the foreground has scrolled, in the video's pixels, since the last drawing: the encoder need not search for it. */
  #draw(canvas: Frame): number {
    const phone = this.#phone;
    const scene = this.#scene();
    const { kind, at } = this.#lastScroll;
    phone.touchScreen.step(scene);
    drawScreen(canvas, scene);
    phone.touchScreen.draw(canvas, scene);
    const { screen } = phone;
    this.#lastScroll = { kind: screen.kind, at: "scrolled" in screen ? screen.scrolled : 0 };
    return this.size.height === canvas.height && kind === screen.kind
      ? this.#lastScroll.at - at
      : 0;
  }
  #lastScroll = { kind: "home", at: 0 };

  /** The size that this phone's encoder takes; a fault knob says how large it can be. */
  #findSize(): void {
    const most = this.#phone.knobs.encoderMaxSize;
    const fits = (): boolean =>
      most === null || Math.max(this.size.width, this.size.height) <= most;
    for (const smaller of this.#options.downsizeOnError ? smallerSizes : []) {
      if (fits()) return;
      if (this.#maxSize === 0 || smaller < this.#maxSize) this.#maxSize = smaller;
    }
    if (!fits()) throw new Error("Video encoding error: the encoder does not take this size");
  }
}
