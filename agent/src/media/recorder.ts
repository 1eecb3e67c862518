import type { AccessUnit } from "./access-units.ts";
import type { Film, FinishedFilm } from "./film.ts";
import { annexB } from "./framing.ts";
import type { MediaPacket } from "./scrcpy/streams.ts";

export interface RecorderOptions {
  /** Whether the screen is to be filmed now. */
  isWanted(): boolean;
  /** A new file's path. */
  nextFile(): string;
  /** Once for each file that has begun, when nothing more is written. */
  onFinished(film: FinishedFilm): void;
  onError(error: unknown): void;
  /** A file ends at the next key frame after so long, or so many bytes; at the latest with a picture of another size. */
  readonly longestMs: number;
  readonly mostBytes: number;
}

/** More work waiting for the disk than this, and pictures are left out up to the next key frame. */
const mostWaiting = 200;

/** Films one screen, file after file, without encoding anything again. What it is given it takes at once and writes when the disk can. */
export class Recorder {
  readonly #options: RecorderOptions;
  #film: Film | null = null;
  #begunMs = 0;
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #skips = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get isWanted(): boolean {
    return this.#options.isWanted();
  }

  /** Whether it waits for a key frame to go on with another file. */
  get wantsKeyFrame(): boolean {
    const { longestMs, mostBytes } = this.#options;
    return (
      this.#film !== null &&
      (performance.now() - this.#begunMs > longestMs || this.#bytes > mostBytes)
    );
  }

  picture(unit: AccessUnit): void {
    if (this.#waiting > mostWaiting) this.#skips = true;
    if (this.#skips && !unit.key) return;
    this.#skips = false;
    this.#later(() => this.#picture(unit));
  }

  sound({ data, ptsUs }: MediaPacket): void {
    if (this.#waiting > mostWaiting) return;
    this.#later(async () => this.#film?.sound({ data: Uint8Array.from(data), ptsUs }));
  }

  /** The file at hand is closed; resolves when it is. The next picture begins another. */
  async end(): Promise<void> {
    this.#later(() => this.#end());
    await this.#writing;
  }

  async #picture(unit: AccessUnit): Promise<void> {
    const { key, width, height, ptsUs } = unit;
    const picture = { key, width, height, ptsUs, data: Buffer.concat(annexB(unit)) };
    const film = this.#film;
    const isOther = film?.width !== picture.width || film.height !== picture.height;
    if (film && (isOther || (picture.key && this.wantsKeyFrame))) await this.#end();
    if (!this.#film) {
      if (!picture.key) return;
      const films = await import("./film.ts");
      const file = this.#options.nextFile();
      this.#film = await films.Film.begin(file, picture, { isFragmented: true });
      this.#begunMs = performance.now();
      this.#bytes = 0;
    }
    this.#bytes += unit.bytes;
    await this.#film.picture(picture);
  }

  async #end(): Promise<void> {
    const film = this.#film;
    this.#film = null;
    if (film) this.#options.onFinished(await film.end());
  }

  #later(work: () => Promise<void>): void {
    this.#waiting++;
    this.#writing = this.#writing
      .then(work)
      .catch((error: unknown) => {
        this.#film = null;
        this.#options.onError(error);
      })
      .finally(() => this.#waiting--);
  }
}
