import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { z } from "zod";

/** What one append has put into the log: the positions after `before` up to `to`. */
export interface Appended {
  readonly before: number;
  readonly to: number;
  /** All of them in order; null when they were too many to be kept. */
  readonly events: readonly RecordedEnvelope[] | null;
}

/** As another hub tells it. */
export const appendedSchema = z.object({
  before: z.int(),
  to: z.int(),
  events: z.array(z.custom<RecordedEnvelope>((event) => typeof event === "object")).nullable(),
});

const keptEvents = 4000;
/** Appends that are known before the one they follow, as happens when several hubs tell each other of theirs. */
const keptEarly = 64;

/**
 * The newest part of the log, kept by each process, so that its dozen readers need not each ask the database for what it, or another hub, has just
 * written. Always an unbroken piece of the log: an append whose predecessor is not known yet waits for it, and after too many of them memory begins
 * anew behind the gap. It never says what the log's end is, only what it has; the database is the truth, and readers look there as well.
 */
export class RecentEvents {
  #events: RecordedEnvelope[] = [];
  #start = 0;
  #end = 0;
  /** By what they follow. */
  readonly #early = new Map<number, Appended>();

  /** After the commit. Announcements may come in another order than the commits; false: one before this is not known yet. */
  add(appended: Appended): boolean {
    if (appended.to <= this.#end) return true;
    if (appended.before > this.#end && this.#end > 0) {
      this.#early.set(appended.before, appended);
      if (this.#early.size <= keptEarly) return false;
      this.closeGap();
      return true;
    }
    this.#push(appended);
    this.#join();
    return true;
  }

  /** What is missing is not waited for any longer: memory begins anew behind it. */
  closeGap(): void {
    while (this.#early.size > 0) {
      const first = this.#early.get(Math.min(...this.#early.keys()));
      if (!first) return;
      this.#early.delete(first.before);
      if (first.to > this.#end) this.#push(first);
      this.#join();
    }
  }

  #join(): void {
    for (let next = this.#early.get(this.#end); next; next = this.#early.get(this.#end)) {
      this.#early.delete(next.before);
      if (next.to > this.#end) this.#push(next);
    }
  }

  #push({ before, to, events }: Appended): void {
    const whole = events ?? [];
    if (before !== this.#end || !events) {
      this.#events = [];
      this.#start = events ? before : to;
    }
    this.#events.push(...whole);
    this.#end = to;
    const surplus = this.#events.length - keptEvents;
    if (surplus <= 0) return;
    this.#events.splice(0, surplus);
    this.#start += surplus;
  }

  /**
   * The events after a position, of some types or of all, at most `limit`, and up to where there are no others; null when memory does not join on to
   * the position, or lacks what came next.
   */
  after(
    position: number,
    limit: number,
    types: ReadonlySet<string> | null = null,
  ): { events: RecordedEnvelope[]; to: number } | null {
    if (position === this.#end && this.#early.size > 0) return null;
    if (this.#end === 0 || position < this.#start || position > this.#end) return null;
    const events: RecordedEnvelope[] = [];
    // Positions have no gap, so the place follows from the position.
    let at = position - this.#start;
    for (; at < this.#events.length && events.length < limit; at++) {
      const event = this.#events[at];
      if (event && (types?.has(event.type) ?? true)) events.push(event);
    }
    return { events, to: this.#start + at };
  }
}
