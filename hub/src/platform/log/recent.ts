import type { RecordedEnvelope } from "@cloudphone/shared/envelope";

/** What one append has put into the log: the positions after `before` up to `to`. */
export interface Appended {
  readonly before: number;
  readonly to: number;
  /** All of them in order; null when they were too many to be kept. */
  readonly events: readonly RecordedEnvelope[] | null;
}

const keptEvents = 1000;

/**
 * The newest part of the log, kept by the process that appends it, so that its dozen readers need not each ask the database for what it has just
 * written. Always an unbroken piece of the log: where another hub has appended in between, memory begins anew behind it. It never says what the
 * log's end is, only what it has; the database is the truth, and readers look there as well.
 */
export class RecentEvents {
  #events: RecordedEnvelope[] = [];
  #start = 0;
  #end = 0;

  /** After the commit. Announcements may come in another order than the commits: a late one is already a gap, and is left out. */
  add({ before, to, events }: Appended): void {
    if (to <= this.#end) return;
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

  /** The events after a position, at most `limit`, and how far they go; null when memory does not join on to it. */
  after(position: number, limit: number): { events: RecordedEnvelope[]; to: number } | null {
    if (this.#end === 0 || position < this.#start || position > this.#end) return null;
    // Positions have no gap, so the place follows from the position.
    const from = position - this.#start;
    const events = this.#events.slice(from, from + limit);
    return { events, to: position + events.length };
  }
}
