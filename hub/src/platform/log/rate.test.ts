import { expect, test } from "vitest";
import { Rate } from "./rate.ts";

test("before the first there is no rate", () => {
  expect(new Rate().perSecond(5000)).toBe(0);
});

test("a rate is over the time since the first while that is less than a minute", () => {
  const rate = new Rate();
  rate.add(30, 100_000);
  rate.add(30, 105_000);
  expect(rate.perSecond(110_000)).toBe(6);
});

test("what is older than a minute does not count any more", () => {
  const rate = new Rate();
  for (let second = 0; second < 120; second++) rate.add(5, second * 1000);
  expect(rate.perSecond(119_000)).toBe(5);
  expect(rate.perSecond(149_000)).toBe(2.5);
  expect(rate.perSecond(1_000_000)).toBe(0);
});
