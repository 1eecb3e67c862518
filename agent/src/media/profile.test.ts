import { describe, expect, it } from "vitest";
import {
  firstProfile,
  ladder,
  type NetworkReport,
  nextProfile,
  profileOf,
  type ProfileState,
} from "./profile.ts";

const good: NetworkReport = { loss: 0, rttMs: 40 };
const lossy: NetworkReport = { loss: 0.2, rttMs: 40 };
const queued: NetworkReport = { loss: 0, rttMs: 400 };

/** A report each second, from `fromS` on. */
function after(
  state: ProfileState,
  reports: readonly NetworkReport[],
  fromS: number,
): ProfileState {
  return reports.reduce(
    (now, report, index) => nextProfile(now, report, (fromS + index) * 1000),
    state,
  );
}
const times = (count: number, report: NetworkReport): NetworkReport[] =>
  Array.from({ length: count }, () => report);

describe("the profile of a screen", () => {
  it("begins with the best, and stays there while the network is good", () => {
    expect(profileOf(after(firstProfile(0), times(100, good), 5))).toEqual(ladder[0]);
  });

  it.each([
    ["packets are lost", lossy],
    ["packets wait in a queue", queued],
  ])("goes down when %s twice in a row, and not for a single report", (_, bad) => {
    const warm = after(firstProfile(0), times(5, good), 5);
    expect(after(warm, [bad, good, bad, good], 10).step).toBe(0);
    expect(after(warm, [bad, bad], 10).step).toBe(1);
  });

  it("waits until a change could show before the next, and ends at the least", () => {
    const down = after(firstProfile(0), [lossy, lossy], 10);
    expect(after(down, times(3, lossy), 12).step).toBe(1);
    expect(after(down, times(60, lossy), 12).step).toBe(ladder.length - 1);
  });

  it("goes up again after a good while, later each time that it had to come back", () => {
    const down = after(firstProfile(-60_000), [lossy, lossy], 10);
    expect(after(down, times(10, good), 12).step).toBe(1);
    const up = after(down, times(12, good), 12);
    expect(up.step).toBe(0);
    const again = after(up, [good, good, good, good, lossy, lossy], 24);
    expect(again.step).toBe(1);
    expect(again.patienceMs).toBe(2 * up.patienceMs);
    expect(after(again, times(12, good), 30).step).toBe(1);
    expect(after(again, times(25, good), 30).step).toBe(0);
  });

  it("takes a far viewer's long round trip for what it is", () => {
    const far: NetworkReport = { loss: 0, rttMs: 350 };
    expect(after(firstProfile(0), times(50, far), 5).step).toBe(0);
  });
});
