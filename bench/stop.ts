import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const rounds = 5;
const perRound = 20;
/** How often the API is asked, which is what a figure may be too large by. */
const lookMs = 5;

interface Stop {
  readonly stoppedMs: number;
  readonly pricedMs: number;
}

/** From the click on stop to the phone that is off, and to the run's price: host, log, rating and ledger, as a customer's API calls see them. */
export const stop: Benchmark = {
  name: "stop",
  async run() {
    await using cell = await Cell.start({ onDisk: true });
    await cell.hostReady();
    await cell.buy("Hourly");
    const device = await theirPhone(cell);
    const measured: Stop[][] = [];
    for (let n = -1; n < rounds; n++) {
      const round: Stop[] = [];
      for (let each = 0; each < perRound; each++) round.push(await stopOnce(cell, device));
      // The first round warms.
      if (n >= 0) measured.push(round);
    }
    const of = (what: string, key: keyof Stop, share: number): Figure => ({
      ...{ what: `${what}, p${share * 100}`, unit: "ms", limit: null },
      rounds: measured.map((round) =>
        quantile(
          round.map((one) => one[key]),
          share,
        ),
      ),
    });
    return {
      setting: `One simulated phone, stopped and started ${perRound} times a round, with nothing else to do; the API is asked each ${lookMs} ms.`,
      figures: [
        of("stop to stopped", "stoppedMs", 0.5),
        of("stop to stopped", "stoppedMs", 0.95),
        of("stop to priced usage", "pricedMs", 0.5),
        of("stop to priced usage", "pricedMs", 0.95),
      ],
      bound:
        "waits, one after the other: the wish by MQTT, two group commits of the host's SQLite, and the commits of PostgreSQL by which a run's end becomes an event, a rated record and a ledger entry.",
    };
  },
};

async function theirPhone(cell: Cell): Promise<string> {
  const [device] = await cell.customer.query<{ deviceId: string }[]>("devices.list");
  if (!device) throw new Error("the purchase gave no phone");
  return device.deviceId;
}

async function stopOnce(cell: Cell, device: string): Promise<Stop> {
  const before = await priced(cell);
  const begunMs = performance.now();
  await cell.customer.mutate("devices.stop", { device });
  const [stoppedMs, pricedMs] = await Promise.all([
    after(begunMs, async () => (await stateOf(cell, device)) === "stopped"),
    after(begunMs, async () => (await priced(cell)) > before),
  ]);
  await cell.customer.mutate("devices.start", { device });
  await eventually(async () => ((await stateOf(cell, device)) === "running" ? true : null));
  return { stoppedMs, pricedMs };
}

async function after(begunMs: number, holds: () => Promise<boolean>): Promise<number> {
  const end = begunMs + 30_000;
  while (performance.now() < end) {
    if (await holds()) return performance.now() - begunMs;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new Error("a stop took longer than 30 s");
}

async function stateOf(cell: Cell, deviceId: string): Promise<string | undefined> {
  const devices = await cell.customer.query<{ deviceId: string; state: string }[]>("devices.list");
  return devices.find((one) => one.deviceId === deviceId)?.state;
}

/** Runs that have a price. */
async function priced(cell: Cell): Promise<number> {
  const runs = await cell.customer.query<
    { amountMinor: number | null; durationMs: number | null }[]
  >("usage.list", { limit: 500 });
  return runs.filter(({ durationMs, amountMinor }) => durationMs !== null && amountMinor !== null)
    .length;
}
