import type { Bar } from "./bar-chart.tsx";

const dayMs = 86_400_000;

interface DayAmount {
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  readonly amountMinor: number;
}

/** Bars for the days up to the newest that has anything, those without use among them too. Pure. */
export function dayBars(days: readonly DayAmount[], count: number): Bar[] {
  const amounts = new Map<string, number>();
  for (const { day, amountMinor } of days) amounts.set(day, (amounts.get(day) ?? 0) + amountMinor);
  const newest = [...amounts.keys()].toSorted().at(-1);
  if (newest === undefined) return [];
  const last = Date.parse(newest);
  return Array.from({ length: count }, (_, place) => {
    const day = new Date(last - (count - 1 - place) * dayMs).toISOString().slice(0, 10);
    return { day, value: amounts.get(day) ?? 0 };
  });
}
