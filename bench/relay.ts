import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { dialRelay } from "@cloudphone/agent/relay/dial";
import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";
import { startProgram } from "../e2e/program.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const run = promisify(execFile);
const rounds = 5;
const megabytes = 50;
const shells = 10;

type Way = "direct" | "relay";
type Work = "push" | "pull" | "shell";

interface Adb {
  (...args: string[]): Promise<string>;
}

/** The same adb binary and the same phone: through its host's own adb server, and from afar through `cloudphone adb`; then how fast the lease's end cuts. */
export const relay: Benchmark = {
  name: "relay",
  async run() {
    const hostPort = await freePort();
    const clientPort = await freePort();
    const env = {
      CLOUDPHONE_SIMULATED_FRONT_END: "transport",
      CLOUDPHONE_SIMULATED_ADB_PORT: hostPort,
    };
    try {
      await using cell = await Cell.start({ env: { agent: env } });
      await cell.hostReady();
      const { orderId } = await cell.buy("Hourly");
      const device = await phoneOf(cell);
      await using door = await openDoor(cell, device);
      const direct = await connect(hostPort, null);
      const afar = await connect(clientPort, door.address);
      const measured = await compare(cell, { direct, relay: afar });
      const cuts = [await cutMs(cell, device, orderId)];
      for (let n = 1; n < rounds; n++) {
        const next = await cell.buy("Hourly");
        cuts.push(await cutMs(cell, await phoneOf(cell), next.orderId));
      }
      return {
        setting: `One simulated phone, Debian's adb, files of ${megabytes} MB on loopback: straight to the host's adb server, and through client adb server, \`cloudphone adb\`, hub, agent and that same server.`,
        figures: [...figuresOf(measured), cutFigure(cuts)],
        bound:
          "the processor: by the relay there are four more processes on the same two cores. In each, profiles show writes to sockets and, as much again, the collection of the buffers that Node allocates for every read. And adb itself waits for the answer to each write between its server and `cloudphone adb`.",
      };
    } finally {
      for (const port of [hostPort, clientPort])
        await run("adb", ["-P", port, "kill-server"]).catch(() => undefined);
    }
  },
};

type Measured = Record<Work, Record<Way, number[]>>;

/** MB/s, and for a shell milliseconds; the two ways take turns, so that what else the machine does meets both. */
async function compare(cell: Cell, ways: Record<Way, Adb>): Promise<Measured> {
  const file = path.join(cell.dir, "fifty");
  await writeFile(file, randomBytes(megabytes * 1024 ** 2));
  const none = (): Record<Way, number[]> => ({ direct: [], relay: [] });
  const measured: Measured = { push: none(), pull: none(), shell: none() };
  for (let n = -1; n < rounds; n++)
    for (const way of ["direct", "relay"] as const) {
      const adb = ways[way];
      const push = await msOf(() => adb("push", file, "/sdcard/fifty"));
      const pull = await msOf(() => adb("pull", "/sdcard/fifty", `${file}.back`));
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

function figuresOf(measured: Measured): Figure[] {
  const shareOf = (work: Work): number[] =>
    measured[work].relay.map((value, n) => (value / (measured[work].direct[n] ?? 1)) * 100);
  return [
    ...(["push", "pull"] as const).flatMap((work): Figure[] => [
      { what: `${work}, direct`, unit: "MB/s", rounds: measured[work].direct, limit: null },
      { what: `${work}, relay`, unit: "MB/s", rounds: measured[work].relay, limit: null },
      {
        what: `${work}, relay of direct`,
        unit: "%",
        rounds: shareOf(work),
        limit: { atLeast: 50 },
      },
    ]),
    { what: "adb shell true, direct", unit: "ms", rounds: measured.shell.direct, limit: null },
    { what: "adb shell true, relay", unit: "ms", rounds: measured.shell.relay, limit: null },
  ];
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
async function connect(port: string, address: string | null): Promise<Adb> {
  const call = async (...args: string[]): Promise<string> =>
    (await run("adb", ["-P", port, ...args], { timeout: 120_000 })).stdout;
  if (address) await call("connect", address);
  const serial = await eventually(async () => {
    const listed = await call("devices");
    return /^(\S+)\tdevice$/m.exec(listed)?.[1] ?? null;
  });
  return (...args) => call("-s", serial, ...args);
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return String(typeof address === "object" && address ? address.port : 0);
}
