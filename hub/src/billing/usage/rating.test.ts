import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rate } from "./rating.ts";

const hourMs = 3_600_000;

test("3600 s at 1.00 an hour cost 1.00", () => {
  expect(rate({ includedMs: 0, hourlyMinor: 100 }, { usedMs: 0, durationMs: hourMs })).toEqual({
    includedMs: 0,
    amountMinor: 100,
  });
});

test("what a plan includes costs nothing, and a run that goes beyond it pays only for the rest", () => {
  const terms = { includedMs: 10 * hourMs, hourlyMinor: 80 };
  expect(rate(terms, { usedMs: 0, durationMs: 10 * hourMs })).toEqual({
    includedMs: 10 * hourMs,
    amountMinor: 0,
  });
  expect(rate(terms, { usedMs: 9 * hourMs, durationMs: 2 * hourMs })).toEqual({
    includedMs: hourMs,
    amountMinor: 80,
  });
});

const terms = fc.record({
  includedMs: fc.nat({ max: 1000 * hourMs }),
  hourlyMinor: fc.nat({ max: 1_000_000 }),
});
const piece = fc.nat({ max: 100 * hourMs });

test("however a running time is cut into runs, the charges add up to the price of the whole", () => {
  fc.assert(
    fc.property(terms, fc.array(piece, { maxLength: 30 }), (plan, pieces) => {
      let usedMs = 0;
      let amountMinor = 0;
      let includedMs = 0;
      for (const durationMs of pieces) {
        const charge = rate(plan, { usedMs, durationMs });
        usedMs += durationMs;
        amountMinor += charge.amountMinor;
        includedMs += charge.includedMs;
      }
      expect({ amountMinor, includedMs }).toEqual(rate(plan, { usedMs: 0, durationMs: usedMs }));
    }),
  );
});

test("longer never costs less, nothing costs below zero, and no charge is off by more than half a minor unit in all", () => {
  fc.assert(
    fc.property(terms, piece, piece, (plan, durationMs, more) => {
      const price = rate(plan, { usedMs: 0, durationMs }).amountMinor;
      expect(price).toBeGreaterThanOrEqual(0);
      expect(
        rate(plan, { usedMs: 0, durationMs: durationMs + more }).amountMinor,
      ).toBeGreaterThanOrEqual(price);
      const exact = (Math.max(0, durationMs - plan.includedMs) * plan.hourlyMinor) / hourMs;
      expect(Math.abs(price - exact)).toBeLessThanOrEqual(0.500_01);
    }),
  );
});
