import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chargeMinor, formatMinor, parseMinor, priceMinor } from "./money.ts";

const durationMs = fc.integer({ min: 0, max: 40 * 86_400_000 });
const tariff = fc.record({
  hourlyMinor: fc.integer({ min: 0, max: 1_000_000 }),
  includedMs: fc.integer({ min: 0, max: 86_400_000 }),
});

describe("the price of running time", () => {
  it("is 100 for 3600 seconds at 100 an hour", () => {
    expect(priceMinor(3_600_000, 100)).toBe(100);
    expect(chargeMinor(0, 3_600_000, { hourlyMinor: 100, includedMs: 0 })).toBe(100);
  });

  it("is rounded half up", () => {
    expect(priceMinor(18_000, 100)).toBe(1);
    expect(priceMinor(17_999, 100)).toBe(0);
    expect(priceMinor(0, 100)).toBe(0);
  });

  it("stays exact where doubles would not", () => {
    expect(priceMinor(3_600_000 * 1_000_000, 9_000_001)).toBe(9_000_001_000_000);
  });

  it("does not grow by cutting a run into pieces, however many", () => {
    fc.assert(
      fc.property(
        fc.array(durationMs, { maxLength: 30 }),
        durationMs,
        tariff,
        (pieces, used, plan) => {
          let sum = 0;
          let at = used;
          for (const piece of pieces) {
            sum += chargeMinor(at, piece, plan);
            at += piece;
          }
          expect(sum).toBe(chargeMinor(used, at - used, plan));
        },
      ),
    );
  });

  it("never falls when a run is longer, and is never negative", () => {
    fc.assert(
      fc.property(
        fc.tuple(durationMs, durationMs, durationMs),
        tariff,
        ([used, run, more], plan) => {
          const charge = chargeMinor(used, run, plan);
          expect(charge).toBeGreaterThanOrEqual(0);
          expect(chargeMinor(used, run + more, plan)).toBeGreaterThanOrEqual(charge);
        },
      ),
    );
  });

  it("is nothing while the plan's included time lasts", () => {
    const plan = { hourlyMinor: 100, includedMs: 3_600_000 };
    expect(chargeMinor(0, 3_600_000, plan)).toBe(0);
    expect(chargeMinor(1_800_000, 3_600_000, plan)).toBe(50);
  });
});

describe("an amount in words", () => {
  it("survives being written and read", () => {
    fc.assert(
      fc.property(fc.integer({ min: -99_999_999_999_999, max: 99_999_999_999_999 }), (amount) => {
        expect(parseMinor(formatMinor(amount, "CNY").slice(0, -4))).toBe(amount);
      }),
    );
  });

  it.each([
    [0, "0.00 CNY"],
    [5, "0.05 CNY"],
    [-5, "-0.05 CNY"],
    [1234, "12.34 CNY"],
  ])("writes %d as %s", (amount, text) => {
    expect(formatMinor(amount, "CNY")).toBe(text);
  });

  it.each([
    ["12", 1200],
    ["12.3", 1230],
    [" 0.07 ", 7],
    ["-1.50", -150],
  ])("reads %j as %d", (text, amount) => {
    expect(parseMinor(text)).toBe(amount);
  });

  it.each(["", "1.234", "1,5", "abc", "1e5", ".5", "1.", "9999999999999", "--1", "Infinity"])(
    "takes %j for no amount",
    (text) => {
      expect(parseMinor(text)).toBeNull();
    },
  );

  it("reads zero as plain zero, also with a sign", () => {
    expect(Object.is(parseMinor("-0"), 0)).toBe(true);
  });
});
