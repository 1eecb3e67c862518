import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as dial, type Socket } from "node:net";
import path from "node:path";
import { hashSecret } from "@cloudphone/hub/platform/auth/tokens";
import { connect, packet, publish, subscribe } from "@cloudphone/hub/platform/broker/mqtt-bytes";
import { createDatabase, type OpenDatabase } from "@cloudphone/hub/platform/postgres/client";
import { agentSubscriptions, hostTopic } from "@cloudphone/shared/topics";
import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";
import { cpuMs } from "./cpu.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const levels = [1, 10, 100, 1000, 10_000];
const rounds = 5;
/** Holds a sign of life of every second host. */
const roundMs = 5000;
const beatMs = 10_000;
const secret = "a-secret-of-the-bench";
/** A broker takes a thousand connections from one address. */
const perAddress = 500;
/** Sign-ins under way at a time. */
const atOnce = 50;

interface Level {
  readonly hosts: number;
  readonly memoryMiB: readonly number[];
  readonly cpuPercent: readonly number[];
}

/** Connected hosts that have nothing to say but that they live: what they cost their hub, from one to ten thousand. */
export const idleHosts: Benchmark = {
  name: "hosts",
  async run() {
    const measured = await measureAll();
    const last = measured.at(-1);
    const most = levels.at(-1) ?? 0;
    return {
      setting: `Hosts that are connected by MQTT and send a heartbeat each ${beatMs / 1000} s; nothing else happens. A round is ${roundMs / 1000} s. Hub and embedded PostgreSQL; the hub's own processor time and memory, all hosts from another process on the same cores.`,
      figures: [
        ...measured.flatMap(({ hosts, memoryMiB, cpuPercent }): Figure[] => [
          {
            ...{ what: `${hosts} hosts: hub's memory`, unit: "MiB", rounds: memoryMiB },
            limit: hosts === most ? { atMost: 1024 } : null,
          },
          {
            ...{ what: `${hosts} hosts: hub's processor`, unit: "% of a core" },
            ...{ rounds: cpuPercent, limit: null },
          },
        ]),
        {
          what: `processor for each of ${most} hosts, beside one of ${levels.at(-2)}`,
          unit: "x",
          rounds: (last?.cpuPercent ?? []).map((percent) => share(percent, measured)),
          limit: { atMost: 1.5 },
        },
      ],
      bound:
        "memory: sockets, their guards and buffers, and what the broker keeps of each session. Processor: reading, checking and noting a heartbeat, and a look at every host each second.",
    };
  },
};

/** What a host costs among the most, beside what it costs among a tenth of them; what the hub costs without any is left out. */
function share(percent: number, measured: readonly Level[]): number {
  const of = (hosts: number | undefined): number =>
    quantile(measured.find((level) => level.hosts === hosts)?.cpuPercent ?? [], 0.5);
  const none = of(levels[0]);
  const [most = 1, fewer = 1] = [levels.at(-1), levels.at(-2)];
  return (percent - none) / most / ((of(fewer) - none) / fewer);
}

async function measureAll(): Promise<Level[]> {
  await using cell = await Cell.start({ agent: false, onDisk: true });
  const [host, name] = [path.join(cell.dir, "postgres"), "cloudphone_core"];
  const database = createDatabase({ address: { host, port: 5432, user: name, database: name } });
  await using _closed = { [Symbol.asyncDispose]: () => database.stop() };
  await using fleet = new IdleFleet(cell, database);
  const measured: Level[] = [];
  for (const hosts of levels) {
    await fleet.grow(hosts);
    measured.push({ hosts, ...(await measure(cell.pid("hub"))) });
    await fleet.connected(hosts);
  }
  return measured;
}

async function measure(pid: number): Promise<Omit<Level, "hosts">> {
  const memoryMiB: number[] = [];
  const cpuPercent: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const beforeMs = cpuMs(pid, { children: false });
    const begunMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, roundMs));
    const tookMs = cpuMs(pid, { children: false }) - beforeMs;
    cpuPercent.push((100 * tookMs) / (performance.now() - begunMs));
    memoryMiB.push(residentMiB(pid));
  }
  return { memoryMiB, cpuPercent };
}

/** What Linux holds in memory for a process (proc(5), VmRSS, kB). */
const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** Hosts without an agent: a session each, kept by the fewest bytes that MQTT needs. */
class IdleFleet implements AsyncDisposable {
  readonly #cell: Cell;
  readonly #database: OpenDatabase;
  readonly #sockets: Socket[] = [];
  #lost = 0;

  constructor(cell: Cell, database: OpenDatabase) {
    this.#cell = cell;
    this.#database = database;
  }

  async grow(to: number): Promise<void> {
    const ids = Array.from({ length: to - this.#sockets.length }, () => randomUUID());
    await this.#database.query`insert into hosts (id, name, secret_hash)
      select id, 'bench-' || id, ${hashSecret(secret)} from unnest(${ids}::uuid[]) as given(id)`;
    for (let at = 0; at < ids.length; at += atOnce)
      await Promise.all(ids.slice(at, at + atOnce).map((id) => this.#join(id)));
    await this.connected(to);
  }

  /** Resolves once the hub says of so many that they are connected. */
  async connected(hosts: number): Promise<void> {
    await eventually(() => this.#seen(hosts), 120_000, `${hosts} connected hosts`);
  }

  async #seen(wanted: number): Promise<true | null> {
    const [row] = await this.#database.query<{ count: number }>`
      select count(*)::int as count from hosts where state = 'connected'`;
    if (this.#lost > 0) throw new Error(`${this.#lost} hosts were cut off`);
    return row?.count === wanted ? true : null;
  }

  async #join(hostId: string): Promise<void> {
    const n = this.#sockets.length;
    const socket = dial({
      ...{ host: "127.0.0.1", port: this.#cell.mqttPort },
      localAddress: `127.0.0.${2 + Math.floor(n / perAddress)}`,
    });
    this.#sockets.push(socket);
    socket.on("error", () => undefined);
    const answered = new Promise<void>((resolve, reject) => {
      socket.once("data", () => resolve());
      socket.once("close", () => reject(new Error("a host was not let in")));
    });
    socket.write(connect({ clientId: hostId, password: secret }));
    await answered;
    socket.resume();
    socket.once("close", () => void this.#lost++);
    for (const filter of agentSubscriptions(hostId)) socket.write(subscribe(filter));
    const life = { v: 1, epoch: randomUUID() };
    const hello = { ...life, kind: "hello", agentVersion: "0" };
    socket.write(publish(hostTopic(hostId, "presence"), JSON.stringify(hello)));
    const beat = publish(
      hostTopic(hostId, "heartbeat"),
      JSON.stringify({
        ...{ ...life, bootId: "bench", uptimeMs: 1, outboxRows: 0, load1: 0, freeMemoryMiB: 1 },
        running: 0,
      }),
      { qos: 0 },
    );
    socket.write(beat);
    const beating = setInterval(() => socket.write(beat), beatMs);
    socket.once("close", () => clearInterval(beating));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const disconnect = packet(0xe0);
    await Promise.all(
      this.#sockets.map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once("close", () => resolve());
            socket.end(disconnect);
            socket.destroySoon();
          }),
      ),
    );
  }
}
