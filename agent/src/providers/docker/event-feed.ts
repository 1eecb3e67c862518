import type { Logger } from "pino";
import type { Engine, EngineEvent } from "./engine.ts";
import { jsonLines } from "./json-lines.ts";

export interface FeedDeps {
  readonly engine: Engine;
  readonly label: string;
  readonly logger: Logger;
  /** Milliseconds since 1970, for where the first stream begins. */
  now(): number;
  /** What happened; null: something may have been missed, look at everything. */
  onEvent(event: EngineEvent | null): void;
}

const pauses = { firstMs: 100, longestMs: 5000 };
/** The daemon stamps an event before it sends it, and two may carry their times in the other order. */
const overlapNs = 1_000_000_000n;
const rememberedEvents = 200;

/**
 * Docker's events for as long as it runs. The daemon's stream ends with the daemon, and is cut without a word by a network: it is opened again with growing
 * pauses, from a second before the last event on, and each time everything is to be looked at: events are hints, never the truth.
 */
export class EventFeed {
  readonly #deps: FeedDeps;
  readonly #ended = new AbortController();
  readonly #seen = new Set<string>();
  #sinceNs: bigint;
  #done: Promise<void> | null = null;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#sinceNs = BigInt(deps.now()) * 1_000_000n;
  }

  start(): void {
    this.#done ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#done;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#ended;
    let pauseMs = pauses.firstMs;
    while (!signal.aborted) {
      try {
        await this.#follow(() => {
          pauseMs = pauses.firstMs;
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.logger.debug({ err: error }, "the stream of Docker's events ended");
      }
      if (signal.aborted) return;
      this.#deps.onEvent(null);
      await pause(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, pauses.longestMs);
    }
  }

  async #follow(onOpen: () => void): Promise<void> {
    const { engine, label, onEvent } = this.#deps;
    const { signal } = this.#ended;
    const stream = await engine.events(label, seconds(this.#sinceNs - overlapNs), signal);
    onOpen();
    onEvent(null);
    for await (const message of jsonLines(stream)) {
      const event = eventOf(message);
      if (event && this.#isNew(event)) onEvent(event);
    }
  }

  #isNew(event: EngineEvent & { key: string }): boolean {
    const at = BigInt(Math.round(event.timeNano / 1000)) * 1000n;
    if (at > this.#sinceNs) this.#sinceNs = at;
    if (this.#seen.has(event.key)) return false;
    this.#seen.add(event.key);
    const [oldest] = this.#seen;
    if (this.#seen.size > rememberedEvents && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }
}

function eventOf(message: Record<string, unknown>): (EngineEvent & { key: string }) | null {
  const { Action, Actor, timeNano } = message as {
    Action?: string;
    Actor?: { ID?: string; Attributes?: Record<string, string> };
    timeNano?: number;
  };
  if (typeof Action !== "string" || typeof timeNano !== "number") return null;
  return {
    // "exec_start: sh -c …" carries the whole command line.
    action: Action.split(":", 1)[0] ?? "",
    labels: Actor?.Attributes ?? {},
    timeNano,
    key: `${timeNano} ${Action} ${Actor?.ID ?? ""}`,
  };
}

const seconds = (ns: bigint): string =>
  `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, "0")}`;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
