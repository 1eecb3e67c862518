import { codecOf, type LivePicture } from "@cloudphone/shared/live-frames";

/** A decoder with more than so many pictures before it has fallen behind: it goes on from the next key frame. */
const maxQueued = 8;

/** Shows pictures that come by the relay: decoded by the browser (WebCodecs), drawn on a canvas. */
export class RelayVideo {
  readonly #canvas: HTMLCanvasElement;
  readonly #onShown: () => void;
  readonly #onKeyFrameWanted: () => void;
  #decoder: VideoDecoder | null = null;
  #codec = "";
  #waits = true;
  decoded = 0;
  dropped = 0;

  constructor(canvas: HTMLCanvasElement, events: { onShown(): void; onKeyFrameWanted(): void }) {
    this.#canvas = canvas;
    this.#onShown = events.onShown;
    this.#onKeyFrameWanted = events.onKeyFrameWanted;
  }

  /** Browsers have a decoder for pages that came over HTTPS, or from this very machine. */
  static get isSupported(): boolean {
    return "VideoDecoder" in globalThis;
  }

  show(picture: LivePicture): void {
    if (picture.key) this.#configure(picture);
    const decoder = this.#decoder;
    if (!decoder || (this.#waits && !picture.key)) {
      this.dropped++;
      return;
    }
    if (decoder.decodeQueueSize > maxQueued && !picture.key) {
      this.#waits = true;
      this.dropped++;
      this.#onKeyFrameWanted();
      return;
    }
    this.#waits = false;
    const { key, ptsUs, data } = picture;
    decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: ptsUs, data }));
  }

  close(): void {
    if (this.#decoder?.state !== "closed") this.#decoder?.close();
    this.#decoder = null;
    this.#codec = "";
    this.#waits = true;
  }

  #configure({ data, width, height }: LivePicture): void {
    const codec = codecOf(data);
    if (
      codec === null ||
      (codec === this.#codec && this.#canvas.width === width && this.#canvas.height === height)
    )
      return;
    this.close();
    this.#codec = codec;
    this.#canvas.width = width;
    this.#canvas.height = height;
    const context = this.#canvas.getContext("2d");
    this.#decoder = new VideoDecoder({
      output: (frame) => {
        context?.drawImage(frame, 0, 0);
        frame.close();
        this.decoded++;
        this.#onShown();
      },
      error: () => {
        this.close();
        this.#onKeyFrameWanted();
      },
    });
    this.#decoder.configure({ codec, optimizeForLatency: true });
  }
}
