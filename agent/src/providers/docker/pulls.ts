import { Fault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import type { Engine } from "./engine.ts";
import { jsonLines } from "./json-lines.ts";

interface Pull {
  percent: number | null;
}

export interface PullDeps {
  readonly engine: Engine;
  readonly logger: Logger;
  /** An image has come: whoever waits for it may go on. */
  onPulled(): void;
}

const sayEveryMs = 5000;
const stallMs = 120_000;

/**
 * Fetches images in the background: ahead of time, or because a device needs one. Nobody waits inside a call for gigabytes; who needs the image is told how
 * far it is, and asks again.
 */
export class Pulls {
  readonly #deps: PullDeps;
  readonly #running = new Map<string, Pull>();
  readonly #failed = new Map<string, string>();
  readonly #ended = new AbortController();

  constructor(deps: PullDeps) {
    this.#deps = deps;
  }

  /** Begins one unless it runs already. */
  begin(image: string): void {
    if (this.#running.has(image) || this.#ended.signal.aborted) return;
    const pull: Pull = { percent: null };
    this.#running.set(image, pull);
    void this.#run(image, pull).finally(() => this.#running.delete(image));
  }

  /** Begins one for every image that is not here yet. */
  async ahead(images: readonly string[]): Promise<void> {
    for (const image of images)
      if (!(await this.#deps.engine.hasImage(image, this.#ended.signal))) this.begin(image);
  }

  /** Why a device can't be made yet, for a person. */
  missing(image: string): Fault {
    const failed = this.#failed.get(image);
    this.#failed.delete(image);
    this.begin(image);
    if (failed)
      return new Fault(
        "unavailable",
        `The image ${image} is not on this host and could not be fetched: ${failed}. It is tried again.`,
      );
    const percent = this.#running.get(image)?.percent;
    return new Fault(
      "unavailable",
      `The image ${image} is not on this host yet; it is being fetched${percent == null ? "" : ` (${percent}%)`}.`,
    );
  }

  stop(): void {
    this.#ended.abort();
  }

  async #run(image: string, pull: Pull): Promise<void> {
    const { logger, onPulled } = this.#deps;
    const begun = performance.now();
    try {
      logger.info({ image }, "fetching an image");
      await this.#follow(image, pull);
      logger.info({ image, ms: Math.round(performance.now() - begun) }, "an image is here");
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#failed.set(image, reason);
      logger.warn({ image, reason }, "an image could not be fetched");
      return;
    }
    onPulled();
  }

  async #follow(image: string, pull: Pull): Promise<void> {
    const stalled = new AbortController();
    const signal = AbortSignal.any([this.#ended.signal, stalled.signal]);
    const stall = setTimeout(() => stalled.abort(new Error("nothing came for 2 minutes")), stallMs);
    const layers = new Map<string, { current: number; total: number }>();
    let saidMs = performance.now();
    try {
      const stream = await this.#deps.engine.pull(image, signal);
      for await (const line of jsonLines(stream)) {
        stall.refresh();
        if (typeof line.error === "string") throw new Error(line.error);
        pull.percent = progress(layers, line) ?? pull.percent;
        if (performance.now() - saidMs < sayEveryMs) continue;
        saidMs = performance.now();
        this.#deps.logger.info({ image, percent: pull.percent }, "fetching an image");
      }
      signal.throwIfAborted();
    } finally {
      clearTimeout(stall);
    }
  }
}

/** Takes one line of the daemon's report in; the share of all known layers that has come, as a percentage. */
export function progress(
  layers: Map<string, { current: number; total: number }>,
  line: Record<string, unknown>,
): number | null {
  const { id, status, progressDetail } = line as {
    id?: string;
    status?: string;
    progressDetail?: { current?: number; total?: number };
  };
  const { current = 0, total = 0 } = progressDetail ?? {};
  if (id !== undefined && status === "Downloading" && total > 0) layers.set(id, { current, total });
  const known = id === undefined ? undefined : layers.get(id);
  if (id !== undefined && known && (status === "Download complete" || status === "Pull complete"))
    layers.set(id, { ...known, current: known.total });
  const all = [...layers.values()];
  const size = all.reduce((sum, layer) => sum + layer.total, 0);
  if (size === 0) return null;
  return Math.floor((100 * all.reduce((sum, layer) => sum + layer.current, 0)) / size);
}
