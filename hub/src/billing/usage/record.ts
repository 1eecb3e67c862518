/** What is known of a run's length. Durations are ms of the host's monotonic clock. */
export interface RunLength {
  /** Ran for certain at least this long; only grows. */
  readonly confirmedMs: number;
  /** Null while it is open. */
  readonly durationMs: number | null;
  /** Who closed it: its host, which is final, or we, at what was confirmed, because its host's store is gone. */
  readonly closedBy: "host" | "estimate" | null;
}

export type RunNews =
  /** It runs, and has run for at least this long (0 at its start). */
  | { readonly kind: "running"; readonly confirmedMs: number; readonly stale: boolean }
  | { readonly kind: "stopped"; readonly durationMs: number };

const unknown: RunLength = { confirmedMs: 0, durationMs: null, closedBy: null };

/**
 * Folds one piece of news into what is known of a run, in whatever order and however often the news arrive. `stale`: it comes from a store of the
 * host that is no more, so no end of the run will ever be told. Guarantees: a closed run stays closed, no length ever shrinks, and
 * once the host has told the end, nothing changes it. Pure.
 */
export function learnRun(known: RunLength | null, news: RunNews): RunLength {
  const run = known ?? unknown;
  if (run.closedBy === "host") return run;
  if (news.kind === "stopped") {
    const durationMs = Math.max(news.durationMs, run.confirmedMs, run.durationMs ?? 0);
    return { ...run, durationMs, closedBy: "host" };
  }
  const confirmedMs = Math.max(run.confirmedMs, news.confirmedMs);
  return run.closedBy === "estimate" || news.stale
    ? { confirmedMs, durationMs: confirmedMs, closedBy: "estimate" }
    : { ...run, confirmedMs };
}

/** Nothing more will come: it ends at the last second that was confirmed. */
export function giveUpRun(run: RunLength): RunLength {
  return run.closedBy === null
    ? { ...run, durationMs: run.confirmedMs, closedBy: "estimate" }
    : run;
}
