import { formatMinor } from "@cloudphone/shared/money";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

interface Flags {
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
}

const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(2)} h`;
const percent = (share: number | null): string =>
  share === null ? "" : `${(share * 100).toFixed(1)} %`;
const millis = (ms: number | null): string => (ms === null ? "" : `${Math.round(ms)} ms`);

const rangeOf = ({ from, to }: Flags) => ({ ...(from ? { from } : {}), ...(to ? { to } : {}) });

function oneOf<T extends string>(wanted: string | undefined, known: readonly [T, ...T[]]): T {
  const found = wanted === undefined ? known[0] : known.find((one) => one === wanted);
  if (found === undefined) throw new Fault("bad_input", `--by is one of ${known.join(", ")}.`);
  return found;
}

export const analyticsCommands = (program: Command): void => {
  const analytics = program
    .command("analytics")
    .description("what was used and earned, how busy phones are, how installs go (staff)");
  const figure = (name: string, about: string, by: string): Command => {
    const command = analytics.command(name).description(about);
    if (by !== "") command.option("--by <what>", by);
    return command
      .option("--from <day>", "the first day, UTC, like 2026-11-01")
      .option("--to <day>", "the last day");
  };
  figure("usage", "running time and what it cost beyond plans", "day, plan or customer").action(
    usage,
  );
  figure("revenue", "what was earned", "day, plan or customer").action(revenue);
  figure("utilisation", "how long phones ran and were rented", "device, host or day").action(
    utilisation,
  );
  figure(
    "installs",
    "how many were asked for, how they went, how long they took",
    "day or app",
  ).action(installs);
  figure("sagas", "how processes ended, per day", "").action(sagas);
};

/** Plans, hosts, phones and customers of a list by their names, as far as they are known. */
async function namesOf(
  client: Client,
  by: string,
  list: readonly { readonly key: string }[],
): Promise<Map<string, string>> {
  const ids = list.map(({ key }) => key);
  if (by === "plan") {
    const plans = await client.plans.list.query({ retired: true });
    return new Map(plans.map(({ id, name }) => [id, name]));
  }
  if (by === "host") {
    const hosts = await client.hosts.list.query({ ids, limit: 1000 });
    return new Map(hosts.map(({ hostId, name }) => [hostId, name]));
  }
  if (by === "device") {
    const devices = await client.devices.list.query();
    return new Map(devices.map(({ deviceId, name }) => [deviceId, name]));
  }
  if (by !== "customer") return new Map();
  const accounts = await client.accounts.list.query({ ids, limit: 1000 });
  return new Map(accounts.map(({ userId, email }) => [userId, email]));
}

async function usage(flags: Flags, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const by = oneOf(flags.by, ["day", "plan", "customer"]);
    const range = rangeOf(flags);
    const list =
      by === "day"
        ? (await client.analytics.usagePerDay.query(range)).map(({ day, ...line }) => ({
            key: day,
            ...line,
          }))
        : await client.analytics.usage.query({ by, ...range });
    const names = await namesOf(client, by, list);
    const rows = list.map((line) => ({
      [by]: names.get(line.key) ?? line.key,
      ran: hours(line.durationMs),
      included: hours(line.includedMs),
      "cost beyond": formatMinor(line.amountMinor, line.currency),
    }));
    print(list, { json, rows, empty: "Nothing has run yet." });
  });
}

async function revenue(flags: Flags, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const by = oneOf(flags.by, ["day", "plan", "customer"]);
    const list = await client.analytics.revenue.query({ by, ...rangeOf(flags) });
    const names = await namesOf(client, by, list);
    const rows = list.map((line) => ({
      [by]: names.get(line.key) ?? line.key,
      prices: formatMinor(line.priceMinor, line.currency),
      renewals: formatMinor(line.renewalMinor, line.currency),
      usage: formatMinor(line.usageMinor, line.currency),
      refunds: formatMinor(-line.refundMinor, line.currency),
      net: formatMinor(line.netMinor, line.currency),
    }));
    print(list, { json, rows, empty: "Nothing was earned yet." });
  });
}

async function utilisation(flags: Flags, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const by = oneOf(flags.by, ["device", "host", "day"]);
    const list = await client.analytics.utilisation.query({ by, ...rangeOf(flags) });
    const names = await namesOf(client, by, list);
    const rows = list.map((line) => ({
      [by]: names.get(line.key) ?? line.key,
      ran: hours(line.runningMs),
      rented: hours(line.rentedMs),
      days: String(line.days),
      phones: line.capacity === null ? String(line.devices) : `${line.devices} of ${line.capacity}`,
      "rented share": percent(line.share),
    }));
    print(list, { json, rows, empty: "No phone has run for a minute yet." });
  });
}

async function installs(flags: Flags, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const by = oneOf(flags.by, ["day", "app"]);
    const list = await client.analytics.installs.query({ by, ...rangeOf(flags) });
    const rows = list.map((line) => ({
      [by]: line.key,
      asked: String(line.asked),
      installed: String(line.installed),
      failed: Object.entries(line.failures)
        .map(([code, count]) => `${count} ${code}`)
        .join(", "),
      success: percent(line.successShare),
      "half within": millis(line.p50Ms),
      "95 % within": millis(line.p95Ms),
      download: millis(line.downloadP50Ms),
      "on the phone": millis(line.installP50Ms),
    }));
    print(list, { json, rows, empty: "Nothing was installed yet." });
  });
}

async function sagas(flags: Flags, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const list = await client.analytics.sagas.query(rangeOf(flags));
    const rows = list.map((line) => ({
      day: line.key,
      saga: line.saga,
      began: String(line.began),
      completed: String(line.completed),
      undone: String(line.compensated),
      stalled: String(line.stalled),
      open: String(line.open),
      "half within": millis(line.p50Ms),
      "95 % within": millis(line.p95Ms),
    }));
    print(list, { json, rows, empty: "None has begun yet." });
  });
}
