import { Fault } from "@cloudphone/shared/fault";
import { copied, copierName, copyOptions, noRoom } from "./copy-options.ts";
import type { Engine, Volume } from "./engine.ts";

export interface Copy {
  readonly from: string;
  readonly to: Volume;
  /** Labels by which whoever finds `to` finds its record as well. */
  readonly found: Readonly<Record<string, string>>;
  readonly own: string | null;
  readonly image: string;
}

export interface CopiesOptions {
  readonly engine: Engine;
  /** What is said, and begun, when an image is not there. */
  missingImage(image: string): Fault;
}

const wholeLabel = "cloudphone.whole";
const bytesLabel = "cloudphone.bytes";
const clearMs = 15_000;
const logLines = 5;
const recordName = (volume: string): string => `${volume}-whole`;

/**
 * Copies of volumes, each made by a container of its own. A volume's labels can't be changed, so what tells a whole copy from one that was cut off is another,
 * empty volume, its record: Docker makes it in one step, and it is made last and removed first. What has none is never used, and cleared away sooner or later.
 */
export class Copies {
  readonly #options: CopiesOptions;

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** Leaves nothing when it fails, if Docker answers. `disk_full` in words. */
  async make(copy: Copy, signal: AbortSignal): Promise<{ bytes: number }> {
    const { engine } = this.#options;
    const { to, found } = copy;
    await this.remove(to.name, signal);
    try {
      await engine.ensureVolume(to, signal);
      const bytes = await this.#run(copy, signal);
      const labels = { ...found, [wholeLabel]: to.name, [bytesLabel]: String(bytes) };
      await engine.ensureVolume({ name: recordName(to.name), labels }, signal);
      return { bytes };
    } catch (error) {
      await this.remove(to.name, AbortSignal.timeout(clearMs)).catch(() => undefined);
      throw error;
    }
  }

  /** Also one that is still being made. Gone already: no harm. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    await engine.removeVolume(recordName(name), signal);
    await engine.remove(copierName(name), signal);
    await engine.removeVolume(name, signal);
  }

  async #run({ from, to, own, image }: Copy, signal: AbortSignal): Promise<number> {
    const { engine, missingImage } = this.#options;
    const options = copyOptions({ from, to: to.name, own, image });
    if ((await engine.create(options, signal)) === "no-image") throw missingImage(image);
    await engine.start(options.name, signal);
    const exitCode = await engine.exitCode(options.name, signal);
    const said = (await engine.logTail(options.name, logLines, signal)).trim();
    await engine.remove(options.name, signal);
    const size = copied.exec(said)?.[1];
    if (exitCode === 0 && size !== undefined) return Number(size) * 1024;
    // With exit code 0 there is only one thing that can have kept its last word out of the log.
    if (exitCode === noRoom || exitCode === 0)
      throw new Fault(
        "disk_full",
        "The disk that Docker keeps its data on has no room for the copy; free some space.",
      );
    throw new Fault("device_failed", `The phone's data could not be copied: ${said || exitCode}`);
  }
}

export const isRecord = ({ labels }: Volume): boolean => labels[wholeLabel] !== undefined;

/** By name of the whole copy, what its record says: its size in bytes. */
export const recordsIn = (volumes: readonly Volume[]): ReadonlyMap<string, number> =>
  new Map(
    volumes
      .filter(isRecord)
      .map(({ labels }) => [labels[wholeLabel] ?? "", Number(labels[bytesLabel])]),
  );
