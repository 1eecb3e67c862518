import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { guards } from "./catalog.ts";
import { root } from "./checkout.ts";

const textOf = (file: string): string => readFileSync(path.join(root, file), "utf8");

test("no two guards have one name", () => {
  expect(new Set(guards.map(({ name }) => name)).size).toBe(guards.length);
});

describe.each(guards)("$name", ({ file, guard, without, test: { file: testFile, ...named } }) => {
  test("the guard stands in its file, once", () => {
    expect(textOf(file).split(guard).length - 1).toBe(1);
    expect(without).not.toBe(guard);
  });

  test("the test that would turn red is there", () => {
    for (const title of [named.name, named.case ?? named.name])
      expect(textOf(testFile)).toContain(`"${title}"`);
  });
});
