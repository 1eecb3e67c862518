import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { dockerMissing, TestDockerd } from "@cloudphone/agent/providers/docker/testing/dockerd";
import { containerSpec } from "@cloudphone/agent/providers/docker/testing/test-host";
import { type RealAdb, startRealAdb } from "@cloudphone/agent/providers/simulated/real-adb";
import { dialRelay } from "@cloudphone/agent/relay/dial";
import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";
import { startProgram } from "../e2e/program.ts";
import { agentOf } from "./docker-cell.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const run = promisify(execFile);
const rounds = 7;
const megabytes = 50;
const shells = 10;
const logMs = 60_000;

type Way = "direct" | "relay";
type Work = "push" | "pull" | "shell";

interface Adb {
  (...args: string[]): Promise<string>;
  /** What it has printed after so long, when it is ended. */
  follow(ms: number, ...args: string[]): Promise<string>;
}

/** The same adb binary and the same phone: through its host's own adb server, and from afar through `cloudphone adb`; then how fast the lease's end cuts. */
export const relay: Benchmark = {
  name: "relay",
  async run() {
    const missing = dockerMissing();
    if (missing) throw new Error(missing);
    await using docker = await TestDockerd.start();
    await using containers = await startRealAdb();
    await using simulated = await startRealAdb();
    const env = {
      ...agentOf(docker, containers),
      CLOUDPHONE_SIMULATED_FRONT_END: "transport",
      CLOUDPHONE_SIMULATED_ADB_PORT: String(simulated.port),
    };
    await using cell = await Cell.start({ env: { agent: env } });
    await cell.hostReady();
    await cell.admin.mutate("plans.create", {
      name: "Container",
      priceMinor: 0,
      hourlyMinor: 100,
      spec: { ...containerSpec, memoryMiB: 512 },
      idempotencyKey: randomUUID(),
    });
    const container = await waysTo(cell, { plan: "Container", server: containers }, compare);
    let lost = 0;
    const simulation = await waysTo(
      cell,
      { plan: "Hourly", server: simulated },
      async (_, ways) => {
        lost = await logLinesLost(ways);
        return compare(cell, ways);
      },
    );
    const cuts: number[] = [];
    for (let n = 0; n < rounds; n++) {
      const { orderId } = await cell.buy("Hourly");
      cuts.push(await cutMs(cell, await phoneOf(cell), orderId));
    }
    return {
      setting: `Debian's adb, files of ${megabytes} MB, all on loopback: straight to the host's adb server, and through client adb server, \`cloudphone adb\`, hub, agent and that same server. A container with the real adbd, which is what the limit is held against; and a simulated phone, whose agent is both phone and relay.`,
      figures: [
        ...figuresOf("container", container, { atLeast: 50 }),
        ...figuresOf("simulated", simulation, null),
        {
          what: `lines that ${logMs / 1000} s of adb logcat missed by the relay, of one a second`,
          unit: "lines",
          rounds: [lost],
          limit: { atMost: 0 },
        },
        cutFigure(cuts),
      ],
      bound,
    };
  },
};

const bound =
  "the processor: straight ahead a byte meets the two adb programs, Docker's proxy and the phone; by the relay four programs more, on the same two cores. Of each of ours half is the kernel's, reading and writing 64 KiB at a time, a tenth V8 collecting the buffers of those reads (bin/collector.ts: young, each 8 MiB; before, the hub's whole heap each 12 MB was more than half of a file's time there), and the rest framing: adb's, and WebSocket's.";

type Measured = Record<Work, Record<Way, number[]>>;

/** Rents a phone, gives both ways to it to `measure`, and gives the phone back. */
async function waysTo(
  cell: Cell,
  { plan, server }: { readonly plan: string; readonly server: RealAdb },
  measure: (cell: Cell, ways: Record<Way, Adb>) => Promise<Measured>,
): Promise<Measured> {
  const { orderId } = await cell.buy(plan);
  await using afarServer = await startRealAdb();
  await using door = await openDoor(cell, await phoneOf(cell));
  const direct = await connect(server, null);
  const afar = await connect(afarServer, door.address);
  const measured = await measure(cell, { direct, relay: afar });
  await cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() });
  return measured;
}

/** MB/s, and for a shell milliseconds; the two ways take turns, so that what else the machine does meets both. */
async function compare(cell: Cell, ways: Record<Way, Adb>): Promise<Measured> {
  const file = path.join(cell.dir, "fifty");
  await writeFile(file, randomBytes(megabytes * 1024 ** 2));
  const none = (): Record<Way, number[]> => ({ direct: [], relay: [] });
  const measured: Measured = { push: none(), pull: none(), shell: none() };
  for (let n = -1; n < rounds; n++)
    for (const way of ["direct", "relay"] as const) {
      const adb = ways[way];
      const push = await msOf(() => adb("push", file, "/data/local/tmp/fifty"));
      const pull = await msOf(() => adb("pull", "/data/local/tmp/fifty", `${file}.back`));
      const each: number[] = [];
      for (let shell = 0; shell < shells; shell++)
        each.push(await msOf(() => adb("shell", "true")));
      // The first round warms up.
      if (n < 0) continue;
      measured.push[way].push((megabytes * 1000) / push);
      measured.pull[way].push((megabytes * 1000) / pull);
      measured.shell[way].push(quantile(each, 0.5));
    }
  return measured;
}

function figuresOf(phone: string, measured: Measured, limit: Figure["limit"]): Figure[] {
  const shareOf = (work: Work): number[] =>
    measured[work].relay.map((value, n) => (value / (measured[work].direct[n] ?? 1)) * 100);
  const of = (what: string, unit: string, values: number[]): Figure => ({
    what: `${phone}: ${what}`,
    unit,
    rounds: values,
    limit: null,
  });
  return [
    ...(["push", "pull"] as const).flatMap((work): Figure[] => [
      of(`${work}, direct`, "MB/s", measured[work].direct),
      of(`${work}, relay`, "MB/s", measured[work].relay),
      { ...of(`${work}, relay of direct`, "%", shareOf(work)), limit },
    ]),
    of("adb shell true, direct", "ms", measured.shell.direct),
    of("adb shell true, relay", "ms", measured.shell.relay),
  ];
}

async function logLinesLost({ direct, relay: afar }: Record<Way, Adb>): Promise<number> {
  const heard = afar.follow(logMs, "logcat");
  const words: string[] = [];
  for (const until = performance.now() + logMs - 5000; performance.now() < until; ) {
    words.push(`bench-${words.length}-`);
    await direct("shell", "log", words.at(-1) ?? "");
    await sleep(1000);
  }
  const text = await heard;
  return words.filter((word) => !text.includes(word)).length;
}

const cutFigure = (cuts: number[]): Figure => ({
  what: "order ended to session cut",
  unit: "ms",
  rounds: cuts,
  limit: { atMost: 1000 },
});

/** From the request that ends the order until the client's line is down. */
async function cutMs(cell: Cell, device: string, orderId: string): Promise<number> {
  const { ticket } = await cell.customer.mutate<{ ticket: string }>("sessions.open", {
    device,
    purpose: "adb",
    idempotencyKey: randomUUID(),
  });
  const line = await dialRelay({ hubUrl: cell.url, ticket, timeoutMs: 10_000 });
  line.stream.resume();
  await eventually(async () => {
    const list =
      await cell.customer.query<{ connectedAt: string | null; closedAt: string | null }[]>(
        "sessions.list",
      );
    const connected = list.filter((session) => session.closedAt === null && session.connectedAt);
    return connected.length > 0 ? true : null;
  });
  return msOf(async () => {
    await cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() });
    await line.ended;
  });
}

async function phoneOf(cell: Cell): Promise<string> {
  const [phone] = await cell.customer.query<{ name: string }[]>("devices.list");
  return phone?.name ?? "";
}

/** `cloudphone adb`, as the demo customer. */
async function openDoor(cell: Cell, device: string) {
  const accounts = JSON.parse(
    await readFile(path.join(cell.dir, "hub/first-accounts.json"), "utf8"),
  ) as { demo: { email: string; password: string } };
  const { email, password } = accounts.demo;
  const env = {
    CLOUDPHONE_HOME: path.join(cell.dir, "home"),
    CLOUDPHONE_URL: cell.url,
    CLOUDPHONE_PASSWORD: password,
  };
  await startProgram(["login", "--email", email], { env }).ended;
  const door = startProgram(["adb", device], { env });
  const address = await eventually(
    async () => /adb connect (\S+)/.exec(door.output())?.[1] ?? null,
    30_000,
    `the local port: ${door.output()}`,
  );
  return {
    address,
    async [Symbol.asyncDispose]() {
      door.kill("SIGTERM");
      await door.ended;
    },
  };
}

/** adb for the one phone that this server has, or is to connect to. */
async function connect({ port }: RealAdb, address: string | null): Promise<Adb> {
  const call = async (...args: string[]): Promise<string> =>
    (await run("adb", ["-P", String(port), ...args], { timeout: 120_000 })).stdout;
  if (address) await call("connect", address);
  const serial = await eventually(async () => {
    const listed = await call("devices");
    return /^(\S+)\tdevice$/m.exec(listed)?.[1] ?? null;
  });
  const adb = (...args: string[]): Promise<string> => call("-s", serial, ...args);
  const follow = (ms: number, ...args: string[]): Promise<string> =>
    run("adb", ["-P", String(port), "-s", serial, ...args], { timeout: ms }).then(
      () => Promise.reject(new Error(`adb ${args.join(" ")} ended by itself`)),
      (error: { killed?: boolean; stdout: string }) =>
        error.killed ? error.stdout : Promise.reject(error),
    );
  return Object.assign(adb, { follow });
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
