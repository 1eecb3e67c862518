import { z } from "zod";

/** ISO 4217 code of the currency an operator sells in. Every amount is an integer of its minor unit (fen, cents). */
export const currencySchema = z.string().regex(/^[A-Z]{3}$/);

/** An amount in minor units: an integer, negative for a debit, within the range that JSON keeps exact. */
export const amountMinorSchema = z.int();

const msPerHour = 3_600_000n;

/**
 * What a total running time costs at an hourly rate, in minor units, rounded half up ONCE over the total.
 * To price one run among several, take the difference of two totals (`chargeMinor`): then a run that is
 * cut into pieces costs exactly what the whole costs.
 */
export function priceMinor(durationMs: number, hourlyMinor: number): number {
  const exact = BigInt(durationMs) * BigInt(hourlyMinor);
  return Number((exact * 2n + msPerHour) / (msPerHour * 2n));
}

export interface Tariff {
  readonly hourlyMinor: number;
  /** Running time the plan's price already covers. */
  readonly includedMs: number;
}

/**
 * The charge for a run of `durationMs` that begins after `usedMs` of the same order were used.
 * Guarantees: charges of consecutive runs add up to the charge of one run of their total length.
 */
export function chargeMinor(usedMs: number, durationMs: number, tariff: Tariff): number {
  const billable = (totalMs: number): number => Math.max(0, totalMs - tariff.includedMs);
  return (
    priceMinor(billable(usedMs + durationMs), tariff.hourlyMinor) -
    priceMinor(billable(usedMs), tariff.hourlyMinor)
  );
}

/** "12.34 CNY"; two decimals, as every currency sold here has. */
export function formatMinor(amountMinor: number, currency: string): string {
  const sign = amountMinor < 0 ? "-" : "";
  const digits = Math.abs(amountMinor).toString().padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)} ${currency}`;
}

/** Reads "12.34" or "12" into minor units; null when it is no amount with at most two decimals. */
export function parseMinor(text: string): number | null {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!match) return null;
  const minor = Number(match[2]) * 100 + Number((match[3] ?? "").padEnd(2, "0"));
  // Subtracted, not negated: "-0" must not become minus zero.
  return match[1] === "-" ? 0 - minor : minor;
}
