import type { LivePicture, LiveSound } from "@cloudphone/shared/live-frames";
import { RelaySound } from "./relay-sound.ts";
import { RelayVideo } from "./relay-video.ts";

export interface StageElements {
  readonly video: HTMLVideoElement;
  readonly canvas: HTMLCanvasElement;
}

export interface StageEvents {
  /** A picture is on the stage, by this way. */
  onShown(way: "connection" | "relay"): void;
  onKeyFrameWanted(): void;
}

/**
 * Where pictures are shown: a connection's in the video, the relay's on the canvas above it, which is hidden while the video has the picture. Sound is the video's, or the
 * relay's while that shows pictures.
 */
export class Stage {
  readonly #elements: StageElements;
  readonly #events: StageEvents;
  readonly #relayVideo: RelayVideo;
  readonly #relaySound: RelaySound;
  #isRelayed = false;
  #closed = false;

  constructor(elements: StageElements, events: StageEvents) {
    this.#elements = elements;
    this.#events = events;
    this.#relaySound = new RelaySound(elements.video);
    this.#relayVideo = new RelayVideo(elements.canvas, {
      onShown: () => this.#shown("relay"),
      onKeyFrameWanted: () => events.onKeyFrameWanted(),
    });
  }

  /** What has been shown by the relay. */
  get relayed(): { readonly decoded: number; readonly dropped: number } | null {
    return this.#isRelayed ? this.#relayVideo : null;
  }

  open(): void {
    const { video } = this.#elements;
    const next = (): void => {
      if (this.#closed) return;
      if (!this.#isRelayed) this.#shown("connection");
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  /** Whose pictures are shown from now on; the last one of the other way stands until the first. */
  show(way: "connection" | "relay"): void {
    this.#isRelayed = way === "relay";
    if (this.#isRelayed) return;
    this.#relayVideo.close();
    this.#relaySound.close();
  }

  /** Shows this connection's pictures, the last one of the connection before standing until the first. */
  play(stream: MediaStream): void {
    const { video } = this.#elements;
    if (video.srcObject === stream) return;
    this.#cover();
    video.srcObject = stream;
    // Muted by the page until a person has touched it: browsers start no sound before.
    video.play().catch(() => undefined);
  }

  take(picture: LivePicture): void {
    if (this.#isRelayed) this.#relayVideo.show(picture);
  }

  hear(sound: LiveSound): void {
    if (this.#isRelayed && !this.#closed) this.#relaySound.play(sound);
  }

  close(): void {
    this.#closed = true;
    this.#relayVideo.close();
    this.#relaySound.close();
    this.#elements.video.srcObject = null;
  }

  #shown(way: "connection" | "relay"): void {
    this.#elements.canvas.hidden = way !== "relay";
    this.#events.onShown(way);
  }

  /** The picture that is there, kept on the canvas. */
  #cover(): void {
    const { video, canvas } = this.#elements;
    if (!canvas.hidden || video.videoWidth === 0) return;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.hidden = false;
  }
}
