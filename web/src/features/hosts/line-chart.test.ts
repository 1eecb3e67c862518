import { expect, test } from "vitest";
import { withGaps } from "./line-chart.tsx";

test("where nothing was heard for a while the line is broken, and nowhere else", () => {
  const points = [0, 300_000, 1_800_000].map((atMs) => ({ atMs, value: 1 }));
  expect(withGaps(points, 900_000)).toEqual([
    [0, 300, 301, 1800],
    [1, 1, null, 1],
  ]);
  expect(withGaps([], 1)).toEqual([[], []]);
});
