import type { ProviderReport } from "@cloudphone/shared/events/host";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Provider } from "./providers/provider.ts";
import { fullDiskReason } from "./store/full-disk.ts";
import type { Store } from "./store/store.ts";

export interface OfferDeps {
  readonly hostId: Id;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly store: Store;
  readonly source: Source;
  readonly logger: Logger;
}

const settleMs = 300;
const lookAgainMs = 60_000;
const reportMs = 15_000;

/**
 * Keeps the hub's picture of what this host can have true while it changes: a phone is plugged in, Docker goes away, the disk is full (then nothing is
 * available, so the hub places nothing here). Providers are asked anew after a hint that is about no one device, and every minute; what differs from what
 * was last said goes up as `host.providers.changed`.
 */
export class Offer {
  readonly #deps: OfferDeps;
  readonly #watches: Disposable[] = [];
  #said: readonly ProviderReport[] = [];
  #timer: NodeJS.Timeout | null = null;
  #nextMs = Number.POSITIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: OfferDeps) {
    this.#deps = deps;
  }

  /** What each provider can do now; whoever asks says it to the hub. */
  async reports(): Promise<ProviderReport[]> {
    const { providers, store } = this.#deps;
    const reports = await Promise.all([...providers.values()].map((one) => this.#report(one)));
    const told =
      store.pressure() === "ok"
        ? reports
        : reports.map((report) =>
            report.available ? { ...report, available: false, reason: fullDiskReason } : report,
          );
    this.#said = told;
    return told;
  }

  /** Tells the hub when anything is other than it was last said; rejects when that could not be stored. */
  async tell(): Promise<void> {
    const { hostId, store, source } = this.#deps;
    const before = this.#said;
    const reports = await this.reports();
    if (JSON.stringify(reports) === JSON.stringify(before)) return;
    const data = { hostId, providers: reports };
    const cause = { correlationId: source.id(), causationId: null };
    try {
      await store.transaction((tx) =>
        tx.emit({ type: "host.providers.changed", subject: hostId, data }, cause),
      );
    } catch (error) {
      this.#said = before;
      throw error;
    }
  }

  start(): void {
    for (const provider of this.#deps.providers.values())
      this.#watches.push(
        provider.watch((deviceId) => {
          if (deviceId === null) this.#lookIn(settleMs);
        }),
      );
    this.#lookIn(lookAgainMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#looking;
  }

  /** The soonest look that anybody asked for; a storm of hints is one look. */
  #lookIn(ms: number): void {
    const atMs = performance.now() + ms;
    if (this.#stopped || atMs >= this.#nextMs) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#nextMs = atMs;
    this.#timer = setTimeout(() => {
      this.#nextMs = Number.POSITIVE_INFINITY;
      this.#looking = this.tell()
        .catch((error: unknown) => {
          this.#deps.logger.warn({ err: error }, "what this host offers could not be told");
        })
        .finally(() => this.#lookIn(lookAgainMs));
    }, ms);
    this.#timer.unref();
  }

  /** What it said last, where it does not answer now. */
  async #report(provider: Provider): Promise<ProviderReport> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("no answer")), reportMs);
    try {
      return await Promise.race([provider.fingerprint(), late.promise]);
    } catch {
      const last = this.#said.find(({ kind }) => kind === provider.kind);
      const reason = "The provider does not say what it can do.";
      const none = { kind: provider.kind, available: false, reason, capacity: 0, labels: {} };
      return last ?? none;
    } finally {
      clearTimeout(timer);
    }
  }
}
