import { describe, expect, it } from "vitest";
import { currentVolume } from "./data-volumes.ts";
import type { Volume } from "./engine.ts";
import { generationLabel } from "./labels.ts";

const volume = (generation: number): Volume => ({
  name: `data-${generation}`,
  labels: { [generationLabel]: String(generation) },
});
const record = (generation: number): Volume => ({
  name: `data-${generation}-whole`,
  labels: { "cloudphone.whole": `data-${generation}`, "cloudphone.bytes": "1" },
});

describe("of a phone's volumes", () => {
  it.each([
    ["the only one counts", [volume(0)], { handle: null, found: 0 }],
    [
      "one from before there were generations counts",
      [{ name: "data", labels: {} }],
      { handle: 0, found: 0 },
    ],
    [
      "what the handle says counts, though there is a newer one",
      [volume(0), volume(1), record(1)],
      { handle: 0, found: 0 },
    ],
    [
      "the newest counts when the handle is lost",
      [volume(0), volume(1), record(1)],
      { handle: null, found: 1 },
    ],
    [
      "the newest counts when that of the handle is gone",
      [volume(1), record(1)],
      { handle: 0, found: 1 },
    ],
    ["one that is half-made never counts", [volume(0), volume(1)], { handle: 1, found: 0 }],
  ])("%s", (_what, volumes, { handle, found: expected }) => {
    const found = currentVolume(volumes, handle);
    expect(Number(found?.labels[generationLabel] ?? 0)).toBe(expected);
    expect(found).not.toBeNull();
  });

  it("none counts when all are half-made", () => {
    expect(currentVolume([volume(1)], 1)).toBeNull();
  });
});
