import { useMemo } from "react";
import { useTranslation } from "react-i18next";

const fractionDigits = 2;
const unitMs = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 } as const;

/** Amounts, times and sizes as the reader's language writes them. */
export interface Formats {
  money(amountMinor: number, currency: string): string;
  /** Date and time of day, in the reader's own zone. */
  time(iso: string): string;
  /** To the millisecond, for operators. */
  instant(iso: string): string;
  day(iso: string): string;
  /** The two largest units: "2 h 5 min"; less than a second in milliseconds. */
  duration(ms: number): string;
  /** Time that is sold: "200 h", never in days. */
  hours(ms: number): string;
  bytes(count: number): string;
  number(value: number, digits?: number): string;
}

export function useFormats(): Formats {
  const { i18n } = useTranslation();
  return useMemo(() => formatsOf(i18n.language), [i18n.language]);
}

const timeForm = { dateStyle: "medium", timeStyle: "short" } as const;
const dayForm = { dateStyle: "medium" } as const;
const instantForm = {
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
} as const;

function formatsOf(language: string): Formats {
  const time = dates(language, timeForm);
  const day = dates(language, dayForm);
  const instant = dates(language, instantForm);
  return {
    money: (amountMinor, currency) =>
      new Intl.NumberFormat(language, { style: "currency", currency }).format(
        amountMinor / 10 ** fractionDigits,
      ),
    time,
    instant,
    day,
    duration: (ms) => durationText(ms, language),
    hours: (ms) => unitText(Math.round(ms / 360_000) / 10, "hour", language),
    bytes: (count) => bytesText(count, language),
    number: (value, digits = 0) =>
      new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value),
  };
}

/** A format of dates is dear to make: each is made when it is first asked for. */
function dates(language: string, form: Intl.DateTimeFormatOptions): (iso: string) => string {
  let format: Intl.DateTimeFormat | null = null;
  return (iso) => (format ??= new Intl.DateTimeFormat(language, form)).format(new Date(iso));
}

const unitText = (count: number, unit: string, language: string): string =>
  new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count);

function durationText(ms: number, language: string): string {
  if (ms > 0 && ms < unitMs.second) return unitText(Math.ceil(ms), "millisecond", language);
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of Object.entries(unitMs)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count === 0 && !(unit === "second" && parts.length === 0)) continue;
    parts.push(unitText(count, unit, language));
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

function bytesText(count: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  const step =
    count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(count) / Math.log(1000)));
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[step] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(count / 1000 ** step);
}
