import { expect, test } from "vitest";
import { isNestedTooDeep, maxNesting } from "./limits.ts";

const arrays = (deep: number): string => "[".repeat(deep) + "]".repeat(deep);
const objects = (deep: number): string => '{"a":'.repeat(deep) + "1" + "}".repeat(deep);

test("nesting is told at the level that is one too many, in arrays and in objects", () => {
  for (const nested of [arrays, objects]) {
    expect(isNestedTooDeep(nested(maxNesting))).toBe(false);
    expect(isNestedTooDeep(nested(maxNesting + 1))).toBe(true);
  }
});

test("what lies side by side is not nested, and brackets in strings are letters", () => {
  expect(isNestedTooDeep(`[${"[],".repeat(1000)}[]]`)).toBe(false);
  expect(isNestedTooDeep(JSON.stringify({ text: '"[{\\'.repeat(1000) }))).toBe(false);
});

test("text that is no JSON is judged alike", () => {
  expect(isNestedTooDeep("[".repeat(300_000))).toBe(true);
  expect(isNestedTooDeep('"never closed [[[[')).toBe(false);
  expect(isNestedTooDeep("")).toBe(false);
});
