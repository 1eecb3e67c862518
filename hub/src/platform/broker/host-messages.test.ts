import { expect, test } from "vitest";
import { batchesFor } from "./host-messages.ts";

const limits = { least: 250, most: 2000 };
const waiting = (...rows: number[]) => rows.map((length) => ({ rows: Array.from({ length }) }));

test.each([
  ["all of them while they are few", waiting(1, 1, 100), 3],
  ["half of them when they are many", waiting(200, 200, 200, 200), 2],
  ["no more than the most, however many wait", waiting(...Array<number>(40).fill(200)), 10],
  ["one that is larger than that by itself", waiting(2500, 1), 1],
  ["none of none", waiting(), 0],
])("a commit takes %s", (_what, batches, taken) => {
  expect(batchesFor(limits, batches)).toBe(taken);
});
