import { describe, expect, it } from "vitest";
import { inside, parentOf, sorted, steps } from "./paths.ts";

const entry = (name: string, kind: "file" | "folder" | "link" = "file") => ({
  ...{ name, kind, bytes: 1, modifiedS: 0 },
});

describe("a phone's folders in the page", () => {
  it("lead up to the root, and down again", () => {
    expect([parentOf("/sdcard/Download"), parentOf("/sdcard"), parentOf("/")]).toEqual([
      "/sdcard",
      "/",
      "/",
    ]);
    expect([inside("/", "a b"), inside("/sdcard", "..x")]).toEqual(["/a b", "/sdcard/..x"]);
    expect(steps("/sdcard/Download").map(({ path }) => path)).toEqual([
      "/",
      "/sdcard",
      "/sdcard/Download",
    ]);
  });

  it("show folders first, names with numbers in the order of the numbers, and what is looked for", () => {
    const all = [entry("b10"), entry("B2"), entry("z", "folder"), entry("sdcard", "link")];
    const names = (words: string) => sorted(all, { words, language: "en" }).map(({ name }) => name);
    expect(names("")).toEqual(["sdcard", "z", "B2", "b10"]);
    expect(names("b")).toEqual(["B2", "b10"]);
  });
});
