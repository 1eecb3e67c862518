import path from "node:path";
import { Film, type FinishedFilm } from "@cloudphone/agent/media/film";
import type { LivePicture, LiveSound } from "@cloudphone/shared/live-frames";

/**
 * Writes pictures and sound into MP4 as the phone encoded them. A file has one size of picture; when the phone is turned, the next file begins ("out-2.mp4").
 */
export class Recording {
  readonly files: FinishedFilm[] = [];
  readonly #wanted: string;
  #part: Film | null = null;

  constructor(file: string) {
    this.#wanted = file;
  }

  async picture(picture: LivePicture): Promise<void> {
    const part = this.#part;
    if (part && (part.width !== picture.width || part.height !== picture.height)) await this.end();
    if (!this.#part) {
      if (!picture.key) return;
      this.#part = await Film.begin(this.#nextFile(), picture, { isFragmented: false });
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
