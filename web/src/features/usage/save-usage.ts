import { formatMinor } from "@cloudphone/shared/money";
import { api, type UsageLine } from "../../api.ts";
import { type CsvRow, download } from "../../ui/csv.ts";

const pageSize = 500;
/** A file that spreadsheets still open; who wants more asks by the API. */
const mostLines = 20_000;

/** Every run, newest first, as a file. */
export async function saveUsage(): Promise<void> {
  const rows: CsvRow[] = [
    ["run", "device", "order", "plan", "started", "seconds", "state", "amount", "currency"],
  ];
  let before: string | null = null;
  while (rows.length < mostLines) {
    const page: UsageLine[] = await api.usage.list.query({
      limit: pageSize,
      ...(before !== null && { before }),
    });
    rows.push(...page.map(toRow));
    before = page.at(-1)?.runId ?? null;
    if (page.length < pageSize) break;
  }
  download("cloudphone-usage.csv", rows);
}

const toRow = (run: UsageLine): CsvRow => [
  run.runId,
  run.deviceId,
  run.orderId,
  run.planName,
  run.startedAt,
  Math.round((run.durationMs ?? run.confirmedMs) / 1000),
  run.state,
  formatMinor(run.amountMinor, "").trim(),
  run.currency,
];
