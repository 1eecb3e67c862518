import { describe, expect, it } from "vitest";
import { uuidv7 } from "./ids.ts";
import { partitionCount, partitionOf, partitions } from "./partitions.ts";

describe("partitions", () => {
  it("stay what they are: topics and cursors are kept by them", () => {
    expect(["", "a", "018f3c5a-0000-7000-8000-0000000000e1"].map(partitionOf)).toEqual([9, 0, 4]);
    expect(partitions).toHaveLength(partitionCount);
  });

  it("take about the same share of ids that follow each other in time", () => {
    const counts = partitions.map(() => 0);
    for (let n = 0; n < 16_000; n++) {
      const random = new Uint8Array(16).map((_, at) => (n * 7919 * (at + 1)) >>> (at % 8));
      const at = partitionOf(uuidv7(1_800_000_000_000 + n, random));
      counts[at] = (counts[at] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(700);
  });
});
