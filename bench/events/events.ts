import path from "node:path";
import { createDatabase } from "@cloudphone/hub/platform/postgres/client";
import { Cell } from "../../e2e/cell.ts";
import { cpuMs } from "../cpu.ts";
import { type Benchmark, type Figure, quantile } from "../report.ts";
import { BenchHost } from "./hosts.ts";
import { openLoop } from "./open-loop.ts";
import { type QueueFigures, startRabbit } from "./rabbit.ts";
import { insertBare, insertStraight } from "./straight.ts";

const rounds = 5;
const hosts = 20;
const inFlight = 1000;
const rowsPerRound = 40_000;
const pace = { perSecond: 5000, seconds: 4 };

/** One round's. */
interface Measured {
  readonly platform: number;
  readonly hubMicros: number;
  readonly bare: number;
  readonly append: number;
  readonly acksMs: readonly number[];
  readonly rabbit: { readonly classic: QueueFigures; readonly quorum: QueueFigures } | null;
}

/** From an MQTT publish to the hub's ack, which it sends after the commit; beside the same rows inserted straight, and beside RabbitMQ. */
export const events: Benchmark = {
  name: "events",
  async run() {
    const measured = await measureAll();
    const rabbit = measured.some((round) => round.rabbit !== null);
    return {
      setting: `${hosts} hosts over MQTT in batches as agents send them, ${inFlight} events of 300 bytes in flight, with ids as the platform makes them and 160 phones that they are about, until the hub's ack; then ${pace.perSecond} a second, each a message of its own. Hub, embedded PostgreSQL (fsync on) and the senders on the same cores. Beside it the same rows in batches of 1,000 over one connection: a plain insert into the log's table with its indexes, and the log's own append.${rabbit ? " RabbitMQ 3.10: published, confirmed, consumed and acknowledged." : " RabbitMQ is not installed."}`,
      figures: [...ownFigures(measured), ...(rabbit ? rabbitFigures(measured) : [])],
      bound:
        "the processors, which hub, PostgreSQL and senders share. Of PostgreSQL's 20 µs for a row 5 to 8 are the indexes on subject and correlation, 4 (stream, seq), 2 the type's; docs/decisions/0023 tells what was tried. Of the hub's time for an event in a batch a third is V8's sweeping, for a message by itself most is its two system calls, one to read it and one for its ack, and reading and checking its JSON. An ack that takes seconds is no tail but a queue: the machine had not 5,000 single messages a second left.",
    };
  },
};

async function measureAll(): Promise<Measured[]> {
  await using cell = await Cell.start({ agent: false, onDisk: true });
  await using stack = new AsyncDisposableStack();
  const senders: BenchHost[] = [];
  for (let n = 0; n < hosts; n++) senders.push(stack.use(await BenchHost.enroll(cell)));
  const [host, name] = [path.join(cell.dir, "postgres"), "cloudphone_events"];
  const database = createDatabase({ address: { host, port: 5432, user: name, database: name } });
  stack.defer(() => database.stop());
  const rabbit = await startRabbit();
  if (rabbit) stack.use(rabbit);
  else process.stdout.write("RabbitMQ is left out: apt-get install rabbitmq-server\n");
  // Warm: code compiled, plans chosen.
  await flood(senders, rowsPerRound / 4);
  const measured: Measured[] = [];
  for (let n = 0; n < rounds; n++) {
    const beforeMs = cpuMs(cell.pid("hub"), { children: false });
    const platform = await flood(senders, rowsPerRound);
    const tookMs = cpuMs(cell.pid("hub"), { children: false }) - beforeMs;
    const size = { batch: 1000, batches: rowsPerRound / 1000 };
    const load = { messages: rowsPerRound / 2, inFlight, ...pace };
    measured.push({
      platform,
      hubMicros: (tookMs * 1000) / rowsPerRound,
      // Before the log's beginning: nothing reads there.
      bare: await insertBare(database, { ...size, from: n * rowsPerRound - 1e12 }),
      append: await insertStraight(database, size),
      acksMs: await openLoop(pace, (at, done) => senders[at % hosts]?.post(done)),
      rabbit: rabbit && {
        classic: await rabbit.measure("classic", load),
        quorum: await rabbit.measure("quorum", load),
      },
    });
  }
  return measured;
}

/** Events a second. */
async function flood(senders: readonly BenchHost[], rows: number): Promise<number> {
  const begun = performance.now();
  const each = { rows: rows / senders.length, window: inFlight / senders.length };
  await Promise.all(senders.map((sender) => sender.flood(each)));
  return (rows * 1000) / (performance.now() - begun);
}

function figure(
  [what, unit]: readonly [string, string],
  values: readonly number[],
  limit: Figure["limit"] = null,
): Figure {
  return { what, unit, rounds: values, limit };
}

function ownFigures(measured: readonly Measured[]): Figure[] {
  const of = (read: (round: Measured) => number): number[] => measured.map(read);
  const ack = (share: number): number[] => of(({ acksMs }) => quantile(acksMs, share));
  const at = `ack at ${pace.perSecond}/s`;
  return [
    figure(
      ["MQTT to committed log", "events/s"],
      of((one) => one.platform),
      { atLeast: 50_000 },
    ),
    figure(
      ["plain insert", "events/s"],
      of((one) => one.bare),
    ),
    figure(
      ["the log's append", "events/s"],
      of((one) => one.append),
    ),
    figure(
      ["MQTT to log, share of the plain insert", "%"],
      of((one) => (100 * one.platform) / one.bare),
      { atLeast: 70 },
    ),
    figure(
      ["hub's processor time", "µs/event"],
      of((one) => one.hubMicros),
    ),
    figure([`${at}, p50`, "ms"], ack(0.5)),
    figure([`${at}, p99`, "ms"], ack(0.99), { atMost: 10 }),
  ];
}

function rabbitFigures(measured: readonly Measured[]): Figure[] {
  const pairs = measured.flatMap(({ rabbit, ...own }) => (rabbit ? [{ ...own, ...rabbit }] : []));
  const ratio = pairs.map(
    ({ platform, classic, quorum }) => platform / Math.max(classic.perSecond, quorum.perSecond),
  );
  return [
    figure(
      ["RabbitMQ classic", "messages/s"],
      pairs.map(({ classic }) => classic.perSecond),
    ),
    figure(
      ["RabbitMQ quorum", "messages/s"],
      pairs.map(({ quorum }) => quorum.perSecond),
    ),
    figure(["MQTT to log, times the better queue", "x"], ratio, { atLeast: 2 }),
    figure(
      ["RabbitMQ classic, confirm, p99", "ms"],
      pairs.map(({ classic }) => classic.p99Ms),
    ),
    figure(
      ["ack p99, times RabbitMQ's confirm", "x"],
      pairs.map(({ acksMs, classic }) => quantile(acksMs, 0.99) / classic.p99Ms),
      { atMost: 1 },
    ),
  ];
}
