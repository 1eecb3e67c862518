import type { Profile } from "./scrcpy/session.ts";

/** What an encoder is asked for, from the best to the least. */
export const ladder: readonly Profile[] = [
  { maxSize: 1280, maxFps: 30, videoBitRate: 4_000_000 },
  { maxSize: 960, maxFps: 30, videoBitRate: 2_000_000 },
  { maxSize: 720, maxFps: 24, videoBitRate: 1_000_000 },
  { maxSize: 480, maxFps: 15, videoBitRate: 500_000 },
];

/** What a viewer's receiver has said of the last second or so (RTCP receiver reports, or the relay's back-pressure as loss). */
export interface NetworkReport {
  /** Share of packets lost, 0 to 1. */
  readonly loss: number;
  /** Round trip; null while unknown. */
  readonly rttMs: number | null;
}

export interface ProfileState {
  readonly step: number;
  readonly badReports: number;
  readonly goodSinceMs: number | null;
  readonly changedAtMs: number;
  /** The lowest round trip seen: how far away the viewer is when nothing waits on the way. */
  readonly baseRttMs: number | null;
  /** Going up again failed soon after: the next try waits longer. */
  readonly patienceMs: number;
}

const rules = {
  badLoss: 0.08,
  /** A round trip this much above the lowest means that packets wait in a queue. */
  queueMs: 200,
  badReportsToStep: 2,
  goodLoss: 0.02,
  settleMs: 4000,
  firstPatienceMs: 10_000,
  longestPatienceMs: 120_000,
} as const;

export const firstProfile = (nowMs: number): ProfileState => ({
  step: 0,
  badReports: 0,
  goodSinceMs: null,
  changedAtMs: nowMs,
  baseRttMs: null,
  patienceMs: rules.firstPatienceMs,
});

/**
 * Where on the ladder to be after another report. Down after two bad ones in a row, but not before the last change could show; up one step after a
 * good while, which doubles each time that going up had to be taken back. Pure.
 */
export function nextProfile(
  state: ProfileState,
  report: NetworkReport,
  nowMs: number,
): ProfileState {
  const { rttMs } = report;
  const baseRttMs =
    rttMs === null ? state.baseRttMs : Math.min(rttMs, state.baseRttMs ?? Number.POSITIVE_INFINITY);
  const waits = rttMs !== null && baseRttMs !== null && rttMs - baseRttMs > rules.queueMs;
  const next = { ...state, baseRttMs };
  const settled = nowMs - state.changedAtMs >= rules.settleMs;
  if (report.loss > rules.badLoss || waits) {
    const badReports = state.badReports + 1;
    if (badReports < rules.badReportsToStep || !settled || state.step === ladder.length - 1)
      return { ...next, badReports, goodSinceMs: null };
    const regretted = nowMs - state.changedAtMs < state.patienceMs && state.patienceMs > 0;
    const patienceMs = regretted
      ? Math.min(rules.longestPatienceMs, state.patienceMs * 2)
      : state.patienceMs;
    return {
      ...next,
      step: state.step + 1,
      badReports: 0,
      goodSinceMs: null,
      changedAtMs: nowMs,
      patienceMs,
    };
  }
  if (report.loss > rules.goodLoss) return { ...next, badReports: 0, goodSinceMs: null };
  const goodSinceMs = state.goodSinceMs ?? nowMs;
  if (state.step > 0 && nowMs - goodSinceMs >= state.patienceMs)
    return { ...next, step: state.step - 1, badReports: 0, goodSinceMs: nowMs, changedAtMs: nowMs };
  return { ...next, badReports: 0, goodSinceMs };
}

export const profileOf = ({ step }: ProfileState): Profile =>
  ladder[step] ?? (ladder[0] as Profile);
