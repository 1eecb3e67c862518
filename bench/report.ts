import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import path from "node:path";

/** One thing measured, in `unit`, once per round. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  /** What it is held against; null: told for comparison. */
  readonly limit: { readonly atMost: number } | { readonly atLeast: number } | null;
}

interface Report {
  /** What was done, in a sentence or two. */
  readonly setting: string;
  readonly figures: readonly Figure[];
  /** What keeps the figures from being better, as the profile showed. */
  readonly bound: string;
}

export interface Benchmark {
  readonly name: string;
  /** What of it can be run alone, by `part`. */
  readonly parts?: readonly string[];
  /** `count`: how many of what it does, for those that can be told; left out: as many as take a few minutes. */
  run(count?: number, part?: string): Promise<Report>;
}

/** Sorted position, not interpolated: of 500 values, p99 is the sixth largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Whether the median keeps within its limit. */
function isMet({ rounds, limit }: Figure): boolean {
  const median = quantile(rounds, 0.5);
  if (!limit) return true;
  return "atMost" in limit ? median <= limit.atMost : median >= limit.atLeast;
}

/** Figures beside their limits, as text: what is printed is what is kept. */
function formatReport(name: string, { setting, figures, bound }: Report): string {
  const rows = [
    ["", "median", "least", "most", "limit", ""],
    ...figures.map((figure) => [
      `${figure.what}, ${figure.unit}`,
      ...[0.5, 0, 1].map((share) => formatValue(quantile(figure.rounds, share))),
      formatLimit(figure),
      figure.limit ? (isMet(figure) ? "met" : "MISSED") : "",
    ]),
  ];
  const widths =
    rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const count = Math.max(...figures.map((figure) => figure.rounds.length));
  return [
    `${name}: ${setting}`,
    `${count} rounds, ${cpus().length} cores for everything, Node ${process.versions.node}, load average ${loadavg()[0]?.toFixed(1)} at the end.`,
    "",
    ...table,
    "",
    `Bound by: ${bound}`,
    "",
  ].join("\n");
}

/** Runs one benchmark, prints its table and keeps it in bench/results, unless it is of a part alone; false when a limit was missed. */
export async function runBenchmark(
  { name, run }: Benchmark,
  { count, part }: { count?: number | undefined; part?: string | undefined },
): Promise<boolean> {
  const report = await run(count, part);
  const text = formatReport(name, report);
  const dir = path.join(import.meta.dirname, "results");
  await mkdir(dir, { recursive: true });
  if (part === undefined) await writeFile(path.join(dir, `${name}.txt`), text);
  process.stdout.write(`${text}\n`);
  return report.figures.every(isMet);
}

const formatValue = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

function formatLimit({ limit }: Figure): string {
  if (!limit) return "";
  return "atMost" in limit ? `<= ${limit.atMost}` : `>= ${limit.atLeast}`;
}
