import { expect, test } from "vitest";
import { Sums } from "./sums.ts";

test("what belongs to the same is added up, and rows come in the same order whatever came first", () => {
  const sums = new Sums<{ day: string; user: string }, { ms: number; minor: number }>();
  sums.add({ day: "2026-01-02", user: "b" }, { ms: 1, minor: 10 });
  sums.add({ day: "2026-01-01", user: "c" }, { ms: 2, minor: 0 });
  sums.add({ day: "2026-01-02", user: "b" }, { ms: 3, minor: -4 });
  expect(sums.rows()).toEqual([
    { day: "2026-01-01", user: "c", ms: 2, minor: 0 },
    { day: "2026-01-02", user: "b", ms: 4, minor: 6 },
  ]);
});
