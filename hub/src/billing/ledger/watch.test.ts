import { expect, it } from "vitest";
import { judgeWallet, type Watched } from "./watch.ts";

const userId = "018f3c5a-0000-7000-8000-000000000011";
const standing = (leftMinor: number, spentMinor = 0) => ({
  userId,
  currency: "CNY",
  leftMinor,
  spentMinor,
});
const begin: Watched = { low: false, stopped: false, limitMinor: 1000 };

/** What is said while a wallet stands so, one look after the other. */
function saidOf(looks: ReturnType<typeof standing>[], watched = begin): string[][] {
  let now = watched;
  return looks.map((look) => {
    const { next, says } = judgeWallet(now, look, 500);
    now = next;
    return says.map(({ type }) => type);
  });
}

it("says once that a balance is low, and again only after it was not", () => {
  const looks = [500, 499, 0, -5, 500, 499].map((left) => standing(left));
  expect(saidOf(looks)).toEqual([[], ["wallet.low"], [], [], [], ["wallet.low"]]);
});

it("says when the limit is reached to the fen, and when it is not any more", () => {
  const looks = [999, 1000, 1500, 0].map((spent) => standing(9999, spent));
  expect(saidOf(looks)).toEqual([[], ["wallet.limit.reached"], [], ["wallet.limit.cleared"]]);
});

it("knows no limit where there is none, and lets go of one that was taken away", () => {
  expect(saidOf([standing(9999, 1e9)], { ...begin, limitMinor: null })).toEqual([[]]);
  expect(saidOf([standing(9999, 1e9)], { ...begin, limitMinor: null, stopped: true })).toEqual([
    ["wallet.limit.cleared"],
  ]);
});
