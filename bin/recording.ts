import path from "node:path";
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
export interface RecordedFile {
  readonly file: string;
  readonly pictures: number;
  readonly seconds: number;
}

/**
 * Writes pictures and sound into MP4 as the phone encoded them. A picture stands until the next one: a still screen sends few. A file has one size of
 * picture; when the phone is turned, the next file begins ("out-2.mp4").
 */
export class Recording {
  readonly files: RecordedFile[] = [];
  readonly #wanted: string;
  #part: Part | null = null;

  constructor(file: string) {
    this.#wanted = file;
  }

  async picture(picture: LivePicture): Promise<void> {
    const part = this.#part;
    if (part && (part.width !== picture.width || part.height !== picture.height)) await this.end();
    if (!this.#part) {
      if (!picture.key) return;
      this.#part = await Part.begin(this.#nextFile(), picture);
    }
    await this.#part.picture(picture);
  }

  async sound(sound: LiveSound): Promise<void> {
    await this.#part?.sound(sound);
  }

  /** Closes the file at hand. */
  async end(): Promise<void> {
    const part = this.#part;
    this.#part = null;
    if (part) this.files.push(await part.end());
  }

  #nextFile(): string {
    if (this.files.length === 0) return this.#wanted;
    const { dir, name, ext } = path.parse(this.#wanted);
    return path.join(dir, `${name}-${this.files.length + 1}${ext}`);
  }
}

class Part {
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

  private constructor(file: string, picture: LivePicture) {
    this.#file = file;
    this.width = picture.width;
    this.height = picture.height;
    this.#output = new Output({ format: new Mp4OutputFormat(), target: new FilePathTarget(file) });
    this.#video = new EncodedVideoPacketSource("avc");
    this.#audio = new EncodedAudioPacketSource("opus");
    this.#output.addVideoTrack(this.#video);
    this.#output.addAudioTrack(this.#audio);
  }

  static async begin(file: string, picture: LivePicture): Promise<Part> {
    const part = new Part(file, picture);
    await part.#output.start();
    return part;
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

  async end(): Promise<RecordedFile> {
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
