import { existsSync, mkdirSync, type ReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { EventData } from "@cloudphone/shared/events/catalog";
import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Store } from "../store/store.ts";
import type { FinishedFilm } from "./film.ts";
import { Recorder } from "./recorder.ts";

export interface RecordingsOptions {
  readonly dir: string;
  /** How many days films of a device are kept that are made now; 0: none are made. */
  daysOf(deviceId: Id): number;
  /** The oldest are deleted while all together have more. */
  readonly mostBytes: number;
  readonly store: Pick<Store, "transaction">;
  /** The fencing token of the lease that a device is under; 0: none. */
  tokenOf(deviceId: Id): number;
  readonly source: Source;
  readonly logger: Logger;
  readonly longestMs?: number;
  readonly mostBytesEach?: number;
}

/** The bytes of one film; whoever opens it reads it to its end or destroys it. */
export interface KeptFilm {
  readonly bytes: number;
  readonly stream: ReadStream;
}

type Finished = EventData<"recording.finished">;

/** A film on the disk, by what its name says. */
interface Kept {
  readonly recordingId: Id;
  readonly deviceId: Id;
  readonly token: number;
  readonly startedMs: number;
  /** It is deleted after so many; null: its name does not say, as those of older agents do not. */
  readonly days: number | null;
  readonly file: string;
}

const dayMs = 24 * 3_600_000;
const sweepMs = 600_000;
const namePattern =
  /^([0-9a-f-]{36})_([0-9a-f-]{36})_(\d+)_(\d+)(?:_(\d+(?:\.\d+)?))?\.mp4(\.part)?$/;

/**
 * The films that this host keeps of its phones' screens, by the policy for each: each file is told when it is finished and when it is deleted. What is
 * known of one is in its name, with how long it is kept, so nothing is lost with a process: a file that was cut off is finished at the next start.
 */
export class Recordings {
  readonly #options: RecordingsOptions;
  #timer: NodeJS.Timeout | null = null;
  /** What is done to the folder, one thing after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: RecordingsOptions) {
    this.#options = options;
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  }

  start(): void {
    this.#later(() => this.#recover());
    this.sweep();
    this.#timer = setInterval(() => this.sweep(), sweepMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#work;
  }

  recorder(deviceId: Id): Recorder {
    const { dir, source, tokenOf, daysOf, longestMs, mostBytesEach } = this.#options;
    return new Recorder({
      isWanted: () => daysOf(deviceId) > 0,
      nextFile: () => {
        const of = [deviceId, tokenOf(deviceId), source.now(), daysOf(deviceId)];
        return path.join(dir, `${[source.id(), ...of].join("_")}.mp4.part`);
      },
      onFinished: (film) => {
        this.#later(() => this.#finish(film));
        this.sweep();
      },
      onError: (error) => this.#complain(error),
      longestMs: longestMs ?? 600_000,
      mostBytes: mostBytesEach ?? 100 * 1024 ** 2,
    });
  }

  /** A finished film, to be read as fast as it is taken; `not_found` when it was deleted. Deleted meanwhile, it is read to its end all the same. */
  async open(recordingId: Id): Promise<KeptFilm> {
    const kept = (await this.#kept()).find((one) => one.recordingId === recordingId);
    if (!kept || kept.file.endsWith(".part") || !existsSync(kept.file))
      throw new Fault("not_found", "The recording is not on this host any more.");
    const file = await open(kept.file);
    const { size: bytes } = await file.stat();
    return { bytes, stream: file.createReadStream() };
  }

  /** Deletes what is too old or too much. */
  sweep(): void {
    this.#later(() => this.#sweep());
  }

  async #finish({ file, seconds }: FinishedFilm): Promise<void> {
    const target = file.replace(/\.part$/, "");
    const kept = keptOf(path.dirname(file), path.basename(file));
    if (!kept) return;
    const { size: bytes } = await stat(file);
    const { recordingId, deviceId, token, startedMs } = kept;
    const startedAt = new Date(startedMs).toISOString();
    const data: Finished = { recordingId, deviceId, token, startedAt, seconds, bytes };
    // Told first: one that is told twice does no harm, one that is never told could never be found.
    await this.#tell("recording.finished", data);
    await rename(file, target);
  }

  async #sweep(): Promise<void> {
    const { source, mostBytes, daysOf } = this.#options;
    const films = (await this.#kept()).filter(({ file }) => !file.endsWith(".part"));
    const sizes = new Map<Kept, number>();
    for (const film of films) sizes.set(film, (await stat(film.file)).size);
    let total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    for (const film of films.toSorted((a, b) => a.startedMs - b.startedMs)) {
      const keptMs = (film.days ?? daysOf(film.deviceId)) * dayMs;
      const isOld = source.now() - film.startedMs > keptMs;
      if (!isOld && total <= mostBytes) continue;
      const { recordingId, deviceId } = film;
      await this.#tell("recording.deleted", {
        recordingId,
        deviceId,
        reason: isOld ? "age" : "room",
      });
      await rm(film.file, { force: true });
      total -= sizes.get(film) ?? 0;
    }
  }

  /** Those that the end of a process cut off. */
  async #recover(): Promise<void> {
    for (const { file, startedMs } of await this.#kept()) {
      if (!file.endsWith(".part")) continue;
      const { mtimeMs, size } = await stat(file);
      const seconds = Math.max(0, (mtimeMs - startedMs) / 1000);
      if (size === 0) await rm(file, { force: true });
      else await this.#finish({ file, pictures: 0, seconds });
    }
  }

  async #kept(): Promise<Kept[]> {
    const { dir } = this.#options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return (await readdir(dir)).flatMap((name) => keptOf(dir, name) ?? []);
  }

  async #tell<T extends "recording.finished" | "recording.deleted">(
    type: T,
    data: EventData<T>,
  ): Promise<void> {
    const { deviceId: subject, recordingId: correlationId } = data;
    await this.#options.store.transaction((tx) =>
      tx.emit({ type, subject, data } as Parameters<typeof tx.emit>[0], {
        correlationId,
        causationId: null,
      }),
    );
  }

  #later(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#complain(error));
  }

  #complain(error: unknown): void {
    this.#options.logger.warn({ err: error }, "a screen's recording");
  }
}

function keptOf(dir: string, name: string): Kept | null {
  const [, recordingId, deviceId, token, startedMs, days] = namePattern.exec(name) ?? [];
  if (!recordingId || !deviceId) return null;
  return {
    ...{ recordingId, deviceId, token: Number(token), startedMs: Number(startedMs) },
    days: days === undefined ? null : Number(days),
    file: path.join(dir, name),
  };
}
