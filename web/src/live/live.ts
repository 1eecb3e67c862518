import type { QueryClient } from "@tanstack/react-query";

/** The areas of the API whose answers an event of that area changes; staff's own areas come with each event. */
const changedBy: Readonly<Record<string, readonly string[]>> = {
  app: ["apps", "devices"],
  device: ["devices", "orders", "snapshots"],
  host: ["hosts", "devices"],
  order: ["orders", "wallet", "usage", "ledger"],
  payment: ["orders", "wallet", "ledger"],
  wallet: ["wallet", "ledger"],
  usage: ["usage", "analytics", "wallet", "orders", "ledger"],
  user: ["accounts", "signIns", "quotas"],
  notification: ["notifications"],
  session: ["sessions"],
  snapshot: ["snapshots"],
  recording: ["recordings"],
};
const everyEvent = ["events", "sagas", "consumers", "deadLetters", "quarantine", "audit"];

const areasOf = (eventType: string): readonly string[] => [
  ...(changedBy[eventType.split(".")[0] ?? ""] ?? []),
  ...everyEvent,
];

interface AreaState {
  lastMs: number;
  timer: ReturnType<typeof setTimeout> | null;
}

/**
 * Has shown answers asked for again when events may have changed them: the first at once, what follows within `restMs` together, since each
 * question counts against the reader's limits. Nothing is asked while the page is hidden; `all` is for when it is seen again, and after the line was broken.
 */
export class Refresher {
  readonly #client: QueryClient;
  readonly #restMs: number;
  readonly #areas = new Map<string, AreaState>();
  #isMissed = false;

  constructor(client: QueryClient, restMs = 2000) {
    this.#client = client;
    this.#restMs = restMs;
  }

  heard(eventType: string): void {
    if (document.hidden) {
      this.#isMissed = true;
      return;
    }
    for (const area of areasOf(eventType)) this.#hurry(area);
  }

  /** The page is seen again. */
  seen(): void {
    if (!this.#isMissed || document.hidden) return;
    this.all();
  }

  all(): void {
    this.#isMissed = false;
    void this.#client.invalidateQueries({ predicate: ({ state }) => state.dataUpdatedAt > 0 });
  }

  stop(): void {
    for (const { timer } of this.#areas.values()) if (timer !== null) clearTimeout(timer);
    this.#areas.clear();
  }

  #hurry(area: string): void {
    const state = this.#areas.get(area) ?? { lastMs: Number.NEGATIVE_INFINITY, timer: null };
    this.#areas.set(area, state);
    if (state.timer !== null) return;
    const dueMs = state.lastMs + this.#restMs - performance.now();
    if (dueMs <= 0) this.#refresh(area, state);
    else state.timer = setTimeout(() => this.#refresh(area, state), dueMs);
  }

  #refresh(area: string, state: AreaState): void {
    state.timer = null;
    state.lastMs = performance.now();
    void this.#client.invalidateQueries({
      predicate: ({ queryKey }) => String(queryKey[0]).startsWith(`${area}.`),
    });
  }
}
