import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { EventLog } from "./event-log.ts";

const lookEveryMs = 900;

export interface FollowedBatch {
  readonly events: readonly RecordedEnvelope[];
  /** The position up to which nothing else concerns the reader. */
  readonly to: number;
  /** False: only memory was asked, for the database was lately. */
  readonly looked: boolean;
}

/**
 * Reads the log onwards from a position for one reader. What this process has appended comes from memory; the database is asked for what memory
 * lacks, and about once a second in any case, since somebody else may have appended.
 */
export class LogFollower {
  readonly #log: EventLog;
  readonly #limit: number;
  readonly #types: ReadonlySet<string> | null;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(log: EventLog, options: { limit: number; types?: readonly string[] }) {
    this.#log = log;
    this.#limit = options.limit;
    this.#types = options.types ? new Set(options.types) : null;
  }

  async next(after: number): Promise<FollowedBatch> {
    const recent = this.#log.recent(after, this.#limit, this.#types);
    if (recent && recent.to > after) return { ...recent, looked: false };
    if (recent && performance.now() - this.#lookedMs < lookEveryMs)
      return { events: [], to: after, looked: false };
    this.#lookedMs = performance.now();
    // What memory lacks is there for sure, and must not be taken for the end of the log.
    const head = await (recent ? this.#log.recentHead() : this.#log.head());
    if (head <= after) return { events: [], to: after, looked: true };
    const limit = this.#limit;
    const types = this.#types ? { types: [...this.#types] } : {};
    const { events, to } = await this.#log.page({ after, limit, ...types });
    return { events, to, looked: true };
  }
}
