import { z } from "zod";

const dayMs = 86_400_000;

/** Days, UTC, both ends included; null: without an end. */
export interface Days {
  readonly from: string | null;
  readonly to: string | null;
}

export const daysSchema = z.object({
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  limit: z.int().min(1).max(1000).default(100),
});

export const daysOf = ({
  from,
  to,
}: {
  from?: string | undefined;
  to?: string | undefined;
}): Days => ({
  from: from ?? null,
  to: to ?? null,
});

/** A stretch of time, cut where a day (UTC) ends. Pure. */
export function cutIntoDays(fromMs: number, toMs: number): { day: string; ms: number }[] {
  const pieces: { day: string; ms: number }[] = [];
  for (let atMs = fromMs; atMs < toMs; ) {
    const endMs = Math.min(toMs, (Math.floor(atMs / dayMs) + 1) * dayMs);
    pieces.push({ day: dayOf(new Date(atMs).toISOString()), ms: endMs - atMs });
    atMs = endMs;
  }
  return pieces;
}

/** The day of an instant of the log. Pure. */
export const dayOf = (at: string): string => at.slice(0, 10);
