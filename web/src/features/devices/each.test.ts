import { expect, test } from "vitest";
import { forEach, type ItemResult } from "./each.ts";

interface Seen {
  readonly results: ItemResult<number>[];
  readonly waits: number[];
}

const run = async (
  items: readonly number[],
  work: (item: number) => Promise<unknown>,
): Promise<Seen> => {
  const [results, waits]: [ItemResult<number>[], number[]] = [[], []];
  await forEach(items, work, {
    atOnce: 2,
    retryAfterMs: (error) => (error === "busy" ? 7 : null),
    onResult: (result) => void results.push(result),
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  return { results, waits };
};

test("what goes wrong with one is told, and the others are done", async () => {
  const { results } = await run([1, 2, 3], async (item) => {
    if (item === 2) throw new Error("off");
    await Promise.resolve();
  });
  const troubles = results.toSorted((a, b) => a.item - b.item).map(({ trouble }) => trouble);
  expect(troubles).toEqual([null, new Error("off"), null]);
});

test("no more than a few are under way at once", async () => {
  let [now, most] = [0, 0];
  await run([1, 2, 3, 4, 5], async () => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
  });
  expect(most).toBe(2);
});

test("what is refused for now is tried again, and not for ever", async () => {
  let tries = 0;
  const { results, waits } = await run([1], () => {
    tries++;
    return tries < 3 ? Promise.reject("busy") : Promise.resolve();
  });
  expect({ results, waits }).toEqual({ results: [{ item: 1, trouble: null }], waits: [7, 7] });
  const endless = await run([1], () => Promise.reject("busy"));
  expect(endless.results).toEqual([{ item: 1, trouble: "busy" }]);
});
