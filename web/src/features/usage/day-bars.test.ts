import { expect, test } from "vitest";
import { dayBars } from "./day-bars.ts";

test("days without use are bars of nothing, and several currencies' lines of a day are one bar", () => {
  const days = [
    { day: "2026-03-01", amountMinor: 5 },
    { day: "2026-03-01", amountMinor: 7 },
    { day: "2026-02-27", amountMinor: 3 },
  ];
  expect(dayBars(days, 4)).toEqual([
    { day: "2026-02-26", value: 0 },
    { day: "2026-02-27", value: 3 },
    { day: "2026-02-28", value: 0 },
    { day: "2026-03-01", value: 12 },
  ]);
});

test("nothing used is nothing drawn", () => {
  expect(dayBars([], 30)).toEqual([]);
});
