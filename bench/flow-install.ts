import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { realApk } from "@cloudphone/testing/apk";
import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";

const perSecond = 50;
const seconds = 10;
const rounds = 5;
const phones = 8;

interface Round {
  readonly answers: number[];
  readonly own: number[];
}

/**
 * Flow 1 at 50 installs a second on eight simulated phones whose install takes no time of its own: how long the API takes to answer, and what the
 * platform adds from the request to `installed` once the download and `pm install` are taken off.
 */
export async function flowInstall(): Promise<void> {
  await using cell = await Cell.start({ onDisk: true });
  await cell.hostReady();
  for (let n = 0; n < phones; n++) await cell.buy("Hourly");
  const devices = await cell.customer.query<{ name: string }[]>("devices.list");
  const headers = { authorization: `Bearer ${cell.customer.token}` };
  await fetch(`${cell.url}/apps`, {
    method: "POST",
    headers,
    body: new Uint8Array(await readFile(realApk)),
  });
  await measure(cell, devices, 2);
  const measured: Round[] = [];
  for (let n = 0; n < rounds; n++) measured.push(await measure(cell, devices, seconds));
  report(
    "API answer",
    measured.map((round) => round.answers),
    100,
  );
  report(
    "platform's own share, request to installed",
    measured.map((round) => round.own),
    250,
  );
}

async function measure(
  cell: Cell,
  devices: readonly { name: string }[],
  forSeconds: number,
): Promise<Round> {
  const answers: number[] = [];
  const asked: Promise<string>[] = [];
  const begun = performance.now();
  for (let n = 0; n < forSeconds * perSecond; n++) {
    const dueMs = begun + (n * 1000) / perSecond - performance.now();
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    const device = devices[n % devices.length]?.name ?? "";
    const at = performance.now();
    const wish = { device, app: "io.appium.settings", idempotencyKey: randomUUID() };
    asked.push(
      cell.customer
        .mutate<{ installationId: string }>("apps.install", wish)
        .then(({ installationId }) => {
          answers.push(performance.now() - at);
          return installationId;
        }),
    );
  }
  const ids = new Set(await Promise.all(asked));
  return { answers, own: await ownShares(cell, ids) };
}

/** From the installation row's own times, less what the host measured of download and install. */
async function ownShares(cell: Cell, ids: ReadonlySet<string>): Promise<number[]> {
  interface Done {
    readonly type: string;
    readonly recordedAt: string;
    readonly data: { commandId: string; downloadMs: number; installMs: number };
  }
  const outcomes = await eventually(
    async () => {
      const events = await cell.admin.query<Done[]>("events.list", {
        types: ["app.install.requested", "app.install.completed"],
        limit: 1000,
      });
      const mine = events.filter((event) => ids.has(event.data.commandId));
      return mine.filter((event) => event.type === "app.install.completed").length === ids.size
        ? mine
        : null;
    },
    60_000,
    "all installs",
  );
  const byCommand = Map.groupBy(outcomes, (event) => event.data.commandId);
  return [...byCommand.values()].flatMap((pair) => {
    const requested = pair.find((event) => event.type === "app.install.requested");
    const completed = pair.find((event) => event.type === "app.install.completed");
    if (!requested || !completed) return [];
    const { downloadMs, installMs } = completed.data;
    return [
      Date.parse(completed.recordedAt) - Date.parse(requested.recordedAt) - downloadMs - installMs,
    ];
  });
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? 0;

function report(what: string, measured: readonly number[][], limitMs: number): void {
  const line = (share: number): string => {
    const each = measured.map((values) => quantile(values, share));
    const [least, median, most] = [quantile(each, 0), quantile(each, 0.5), quantile(each, 1)];
    return `${median.toFixed(1)} ms (${least.toFixed(1)} to ${most.toFixed(1)})`;
  };
  process.stdout.write(
    `${what}, ${perSecond}/s, median of ${measured.length} rounds: p50 ${line(0.5)}, p99 ${line(0.99)}; limit p99 ${limitMs} ms\n`,
  );
}
