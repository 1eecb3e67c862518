import { expect, it } from "vitest";
import { cutIntoDays } from "./days.ts";

const at = (text: string): number => Date.parse(text);

it("cuts a stretch at each midnight, and its pieces add up to it", () => {
  const [from, to] = [at("2026-11-22T23:00:00.000Z"), at("2026-11-24T00:30:00.000Z")];
  expect(cutIntoDays(from, to)).toEqual([
    { day: "2026-11-22", ms: 3_600_000 },
    { day: "2026-11-23", ms: 86_400_000 },
    { day: "2026-11-24", ms: 1_800_000 },
  ]);
});

it("gives a stretch that ends at midnight to its day alone, and an empty one to none", () => {
  const midnight = at("2026-11-23T00:00:00.000Z");
  expect(cutIntoDays(midnight - 5, midnight)).toEqual([{ day: "2026-11-22", ms: 5 }]);
  expect(cutIntoDays(midnight, midnight)).toEqual([]);
});
