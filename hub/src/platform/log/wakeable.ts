import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { retryLevel } from "../postgres/reachability.ts";

export interface WakeableOptions {
  readonly idleMs: number | (() => number);
  /** Where failures are told: the first of a row, and each twentieth, so that an outage is no flood. */
  readonly logger: Logger;
  /** What a failure means, in words. */
  readonly failing: string;
}

const tellEvery = 20;

/**
 * A loop that runs `step` again at once while it says there is more, else when it is woken or after `idleMs`; whatever `step` throws is
 * logged and the loop goes on after a growing pause. The hint may be lost: the idle look finds what it was for.
 */
export class Wakeable {
  readonly #step: () => Promise<boolean>;
  readonly #options: WakeableOptions;
  readonly #stopping = new AbortController();
  #woken = false;
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(step: () => Promise<boolean>, options: WakeableOptions) {
    this.#step = step;
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  readonly wake = (): void => {
    this.#woken = true;
    this.#wake?.();
  };

  /** Resolves when the step under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      this.#woken = false;
      try {
        const more = await this.#step();
        failures = 0;
        if (!more) await this.#idle();
      } catch (error) {
        failures++;
        const { logger, failing } = this.#options;
        // A database that is away is told by itself, once for all loops.
        if (failures === 1 || failures % tellEvery === 0)
          logger[retryLevel(error)]({ err: error, failures }, failing);
        const pauseMs = Math.min(100 * 2 ** Math.min(failures, 6), 5000);
        await delay(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }

  async #idle(): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      const { idleMs } = this.#options;
      const timer = setTimeout(resolve, typeof idleMs === "number" ? idleMs : idleMs());
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}
