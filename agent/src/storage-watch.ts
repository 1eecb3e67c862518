import type { ProviderReport } from "@cloudphone/shared/events/host";
import type { Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Provider } from "./providers/provider.ts";
import { fullDiskReason } from "./store/full-disk.ts";
import type { Store } from "./store/store.ts";

export interface StorageWatchDeps {
  readonly hostId: string;
  readonly store: Store;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly source: Source;
  readonly logger: Logger;
  /** There is room again: what was refused may be tried now. */
  readonly onRoom: () => void;
}

const lookMs = 1000;

/**
 * Tells the operator and the hub when the host's disk is full and when it is not any more: while it is, no provider is available, so the hub places
 * nothing here. What it says goes through the outbox, by the store's reserve; what could not be said is said at the next look.
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

  /** What each provider can do now. */
  async reports(): Promise<ProviderReport[]> {
    const { providers, store } = this.#deps;
    this.#told = store.pressure();
    const reports = await Promise.all(
      [...providers.values()].map((provider) => provider.fingerprint()),
    );
    if (this.#told === "ok") return reports;
    return reports.map((report) =>
      report.available ? { ...report, available: false, reason: fullDiskReason } : report,
    );
  }

  async #look(): Promise<void> {
    const { hostId, store, source, logger, onRoom } = this.#deps;
    const before = this.#told;
    const now = store.pressure();
    if (now === before) return;
    if (now === "full") logger.error(fullDiskReason);
    else logger.warn("the host's disk has room again; what waited goes on");
    try {
      const data = { hostId, providers: await this.reports() };
      const cause = { correlationId: source.id(), causationId: null };
      await store.transaction((tx) =>
        tx.emit({ type: "host.providers.changed", subject: hostId, data }, cause),
      );
    } catch (error) {
      this.#told = before;
      throw error;
    }
    if (now === "ok") onRoom();
  }
}
