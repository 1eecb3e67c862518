import type { Id } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Handle, Provider } from "../providers/provider.ts";
import type { MonoClock } from "../usage/clock.ts";

export interface StraysDeps {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly clock: MonoClock;
  readonly logger: Logger;
  readonly graceMs: number;
  /** Whether this host looks after the device. */
  isTracked(deviceId: Id): boolean;
  isLinked(): boolean;
}

const everyMs = 30_000;
const callMs = 30_000;

/**
 * Devices out there that carry our mark while nobody here knows of them: what a creation that was cut off, or an agent that lost its store, left. The hub tells a
 * host of all its devices as soon as it hears it, and the creation of one that is there already adopts it. What is still unknown after the grace period, all
 * of it spent in touch with the hub, is destroyed; what the hub has said to be gone, at once.
 */
export class Strays {
  readonly #deps: StraysDeps;
  readonly #stopping = new AbortController();
  readonly #firstSeenMs = new Map<Id, number>();
  readonly #condemned = new Set<Id>();
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(deps: StraysDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweepSoon(), Math.min(everyMs, this.#deps.graceMs));
    this.#sweepSoon();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#sweeping;
  }

  /** Nobody wants it any more: it goes at once, should it be there. */
  condemn(deviceId: Id): void {
    this.#condemned.add(deviceId);
    this.#sweepSoon();
  }

  #sweepSoon(): void {
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
  }

  async #sweep(): Promise<void> {
    const { providers, logger } = this.#deps;
    const condemned = [...this.#condemned];
    let complete = true;
    const seen = new Set<Id>();
    for (const provider of providers.values()) {
      if (this.#stopping.signal.aborted) return;
      try {
        for (const { deviceId, handle } of await provider.list(this.#call())) {
          seen.add(deviceId);
          if (this.#isOver(deviceId)) await this.#destroy(provider, deviceId, handle);
        }
      } catch (error) {
        complete = false;
        logger.debug({ err: error, provider: provider.kind }, "strays could not be looked for");
      }
    }
    for (const deviceId of this.#firstSeenMs.keys())
      if (complete && !seen.has(deviceId)) this.#firstSeenMs.delete(deviceId);
    if (complete) for (const deviceId of condemned) this.#condemned.delete(deviceId);
  }

  #isOver(deviceId: Id): boolean {
    const { clock, graceMs, isTracked, isLinked } = this.#deps;
    if (isTracked(deviceId)) {
      this.#firstSeenMs.delete(deviceId);
      return false;
    }
    if (this.#condemned.has(deviceId)) return true;
    const nowMs = clock.nowMs();
    const sinceMs = this.#firstSeenMs.get(deviceId);
    if (sinceMs === undefined || !isLinked()) {
      this.#firstSeenMs.set(deviceId, nowMs);
      return false;
    }
    return nowMs - sinceMs >= graceMs;
  }

  async #destroy(provider: Provider, deviceId: Id, handle: Handle): Promise<void> {
    this.#deps.logger.warn(
      { deviceId, provider: provider.kind },
      "a device that nobody knows is removed",
    );
    await provider.destroy(handle, this.#call());
    this.#firstSeenMs.delete(deviceId);
  }

  #call(): { signal: AbortSignal } {
    return { signal: AbortSignal.any([AbortSignal.timeout(callMs), this.#stopping.signal]) };
  }
}
