import { expect, test } from "vitest";
import { sharedAnswer } from "./shared-answer.ts";

const longMs = 60_000;

test("those who ask within the time share one answer", async () => {
  let asked = 0;
  const answer = sharedAnswer(longMs, async () => ++asked);
  expect(await Promise.all([answer(), answer()])).toEqual([1, 1]);
  expect(await answer()).toBe(1);
});

test("an answer that is too old is asked for again", async () => {
  let asked = 0;
  const answer = sharedAnswer(0, async () => ++asked);
  expect([await answer(), await answer()]).toEqual([1, 2]);
});

test("a failure is told to those who waited for it, and to nobody after them", async () => {
  let asked = 0;
  const answer = sharedAnswer(longMs, async () => {
    if (++asked === 1) throw new Error("away");
    return asked;
  });
  const both = await Promise.allSettled([answer(), answer()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await answer()).toBe(2);
});
