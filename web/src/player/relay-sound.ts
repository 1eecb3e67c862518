import type { LiveSound } from "@cloudphone/shared/live-frames";

/** Seconds that a packet waits when the one before has been played already: as uneven as the way through the hub may be without a gap. */
const leadS = 0.08;
/** Seconds that may wait to be played; what comes on top is left out, so that sound never lags behind the picture more and more. */
const maxAheadS = 0.3;
/** Packets before the decoder; likewise. */
const maxQueued = 15;

/** When sound is to be played that comes in pieces, by a clock in seconds. Pure. */
export class SoundClock {
  #untilS = 0;

  /** When a piece of that length begins if it comes now; null: it is left out, as too much waits. */
  place(nowS: number, lengthS: number): number | null {
    if (this.#untilS - nowS > maxAheadS) return null;
    const atS = this.#untilS < nowS ? nowS + leadS : this.#untilS;
    this.#untilS = atS + lengthS;
    return atS;
  }
}

/** Plays sound that comes by the relay, decoded by the browser (WebCodecs), as long as the video that it belongs to is not muted. */
export class RelaySound {
  readonly #video: HTMLVideoElement;
  #clock = new SoundClock();
  #context: AudioContext | null = null;
  #decoder: AudioDecoder | null = null;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  play({ ptsUs, data }: LiveSound): void {
    if (this.#video.muted || !("AudioDecoder" in globalThis)) return this.close();
    this.#decoder ??= this.#open();
    if (this.#decoder.decodeQueueSize > maxQueued) return;
    this.#decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: ptsUs, data }));
  }

  close(): void {
    if (this.#decoder?.state === "configured") this.#decoder.close();
    this.#decoder = null;
    void this.#context?.close().catch(() => undefined);
    this.#context = null;
  }

  #open(): AudioDecoder {
    const context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    this.#context = context;
    this.#clock = new SoundClock();
    const decoder = new AudioDecoder({
      output: (sound) => this.#schedule(context, sound),
      // A packet that can't be decoded: the next one begins anew.
      error: () => this.close(),
    });
    decoder.configure({ codec: "opus", sampleRate: 48_000, numberOfChannels: 2 });
    return decoder;
  }

  #schedule(context: AudioContext, sound: AudioData): void {
    const { numberOfChannels, numberOfFrames, sampleRate } = sound;
    const atS = this.#clock.place(context.currentTime, numberOfFrames / sampleRate);
    if (atS !== null && context.state !== "closed") {
      const buffer = new AudioBuffer({ numberOfChannels, length: numberOfFrames, sampleRate });
      for (let channel = 0; channel < numberOfChannels; channel++)
        sound.copyTo(buffer.getChannelData(channel), { planeIndex: channel, format: "f32-planar" });
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(context.destination);
      source.start(atS);
    }
    sound.close();
  }
}
