import { codecOf, type LivePicture, type LiveSound } from "@cloudphone/shared/live-frames";
import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  FilePathTarget,
  Mp4OutputFormat,
  Output,
} from "mediabunny";

/** One finished file. */
export interface FinishedFilm {
  readonly file: string;
  readonly pictures: number;
  readonly seconds: number;
}

/**
 * One MP4 of pictures and sound as the phone encoded them, all pictures of the first one's size. A picture stands until the next one: a still screen sends
 * few. Calls one after the other.
 */
export class Film {
  readonly width: number;
  readonly height: number;
  readonly #file: string;
  readonly #output: Output;
  readonly #video: EncodedVideoPacketSource;
  readonly #audio: EncodedAudioPacketSource;
  readonly #begunMs = performance.now();
  #waiting: { picture: LivePicture; atS: number } | null = null;
  #firstSoundUs: number | null = null;
  #soundOffsetS = 0;
  #pictures = 0;

  private constructor(file: string, picture: LivePicture, isFragmented: boolean) {
    this.#file = file;
    this.width = picture.width;
    this.height = picture.height;
    const format = new Mp4OutputFormat(isFragmented ? { fastStart: "fragmented" } : {});
    this.#output = new Output({ format, target: new FilePathTarget(file) });
    this.#video = new EncodedVideoPacketSource("avc");
    this.#audio = new EncodedAudioPacketSource("opus");
    this.#output.addVideoTrack(this.#video);
    this.#output.addAudioTrack(this.#audio);
  }

  /** `picture`: the first to come, a key frame. One that is fragmented can be seen however it ends. */
  static async begin(
    file: string,
    picture: LivePicture,
    { isFragmented }: { isFragmented: boolean },
  ): Promise<Film> {
    const film = new Film(file, picture, isFragmented);
    await film.#output.start();
    return film;
  }

  async picture(picture: LivePicture): Promise<void> {
    const atS = this.#pictures === 0 ? 0 : this.#nowS();
    this.#pictures++;
    await this.#flush(atS);
    this.#waiting = { picture, atS };
  }

  async sound({ ptsUs, data }: LiveSound): Promise<void> {
    if (this.#firstSoundUs === null) {
      this.#firstSoundUs = ptsUs;
      this.#soundOffsetS = this.#nowS();
    }
    const atS = this.#soundOffsetS + (ptsUs - this.#firstSoundUs) / 1e6;
    await this.#audio.add(new EncodedPacket(data, "key", atS, 0.02), {
      decoderConfig: { codec: "opus", numberOfChannels: 2, sampleRate: 48_000 },
    });
  }

  async end(): Promise<FinishedFilm> {
    const seconds = this.#nowS();
    await this.#flush(seconds);
    await this.#output.finalize();
    return { file: this.#file, pictures: this.#pictures, seconds };
  }

  async #flush(untilS: number): Promise<void> {
    if (!this.#waiting) return;
    const { picture, atS } = this.#waiting;
    const { key, data, width, height } = picture;
    this.#waiting = null;
    const packet = new EncodedPacket(
      data,
      key ? "key" : "delta",
      atS,
      Math.max(0.001, untilS - atS),
    );
    await this.#video.add(packet, {
      decoderConfig: {
        codec: codecOf(data) ?? "avc1.42e01f",
        codedWidth: width,
        codedHeight: height,
      },
    });
  }

  #nowS(): number {
    return (performance.now() - this.#begunMs) / 1000;
  }
}
