import { saveFile } from "./save-file.ts";

/** One line of a table: texts and numbers. */
export type CsvRow = readonly (string | number | null)[];

/**
 * A table as RFC 4180 has it, with the mark by which spreadsheets know UTF-8. Text that a spreadsheet would take for a formula gets an apostrophe before it:
 * names in it are other people's (OWASP, CSV injection).
 */
export const csvText = (rows: readonly CsvRow[]): string =>
  `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands a table to the reader as a file. */
export const download = (name: string, rows: readonly CsvRow[]): void =>
  saveFile(name, new Blob([csvText(rows)], { type: "text/csv;charset=utf-8" }));
