import { setTimeout as delay } from "node:timers/promises";
import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { EventLog, ReadOptions } from "./event-log.ts";

const batch = 200;

export interface FeedOptions extends Omit<ReadOptions, "after" | "limit"> {
  /** Only events after this position. */
  readonly after: number;
  readonly signal: AbortSignal | undefined;
}

/** The log from a position on, for ever: what is there, then what comes, until the signal. */
export async function* feed(
  log: EventLog,
  { after, signal, ...filter }: FeedOptions,
): AsyncGenerator<RecordedEnvelope> {
  let position = after;
  const waker = new Waker();
  using _subscription = log.onAppended(waker.wake);
  while (!signal?.aborted) {
    const { events, to, more } = await log.page({ ...filter, after: position, limit: batch });
    yield* events;
    position = to;
    if (!more) await waker.wait(signal);
  }
}

/** Waits for the next hint, or a second. */
class Waker {
  #woken = false;
  #controller: AbortController | null = null;

  readonly wake = (): void => {
    this.#woken = true;
    this.#controller?.abort();
  };

  async wait(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#woken) {
      this.#controller = new AbortController();
      const signals = [this.#controller.signal, ...(signal ? [signal] : [])];
      await delay(1000, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
      this.#controller = null;
    }
    this.#woken = false;
  }
}
