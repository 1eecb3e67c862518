import type { Logger } from "pino";
import type { Offer } from "./offer.ts";
import { fullDiskReason } from "./store/full-disk.ts";
import type { Store } from "./store/store.ts";

export interface StorageWatchDeps {
  readonly store: Store;
  readonly offer: Offer;
  readonly logger: Logger;
  /** There is room again: what was refused may be tried now. */
  readonly onRoom: () => void;
}

const lookMs = 1000;

/**
 * Tells the operator and the hub when the host's disk is full and when it is not any more. What the offer says goes through the outbox, by the store's
 * reserve; what could not be said is said at the next look.
 */
export class StorageWatch {
  readonly #deps: StorageWatchDeps;
  #told: "ok" | "full" = "ok";
  #timer: NodeJS.Timeout | null = null;
  #busy: Promise<void> | null = null;

  constructor(deps: StorageWatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#busy ??= this.#look()
        .catch((error: unknown) => {
          this.#deps.logger.warn({ err: error }, "the hub can't be told of the full disk yet");
        })
        .finally(() => {
          this.#busy = null;
        });
    }, lookMs);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#busy;
  }

  async #look(): Promise<void> {
    const { store, offer, logger, onRoom } = this.#deps;
    const now = store.pressure();
    if (now === this.#told) return;
    if (now === "full") logger.error(fullDiskReason);
    else logger.warn("the host's disk has room again; what waited goes on");
    await offer.tell();
    this.#told = now;
    if (now === "ok") onRoom();
  }
}
