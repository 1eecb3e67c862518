import { expect, it } from "vitest";
import { nextAttemptMs } from "./delivery.ts";

it("waits longer after each attempt, a day in all, and then no more", () => {
  const pauses = Array.from({ length: 9 }, (_, index) => nextAttemptMs(index + 1, 0.5));
  expect(pauses.at(-1)).toBeNull();
  const known = pauses.filter((pause) => pause !== null);
  expect(known).toEqual(known.toSorted((a, b) => a - b));
  expect(known.reduce((sum, pause) => sum + pause, 0) / 3_600_000).toBeCloseTo(24, 0);
  expect(nextAttemptMs(1, 0)).toBe(4000);
  expect(nextAttemptMs(1, 0.999)).toBeLessThan(6001);
});
