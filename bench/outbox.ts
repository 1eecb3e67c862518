import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStore } from "@cloudphone/agent/store/open";
import { systemSource } from "@cloudphone/hub/platform/source";
import Database from "better-sqlite3";
import { pino } from "pino";
import type { Benchmark } from "./report.ts";

const rounds = 5;
const rows = 20_000;
/** Works that wait for their commit at a time, as many phones' do. */
const atOnce = 200;
const perBatch = 200;

/** The agent's outbox: an event written with its state, durable, and given to the hub; beside SQLite alone, with the same pragmas. */
export const outbox: Benchmark = {
  name: "outbox",
  async run() {
    const [written, drained, one, hundred, deleted]: [
      number[],
      number[],
      number[],
      number[],
      number[],
    ] = [[], [], [], [], []];
    const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-outbox-"));
    try {
      for (let n = 0; n < rounds; n++) {
        const store = openStore(path.join(dir, `agent-${n}.db`), {
          source: systemSource,
          logger: pino({ level: "silent" }),
        });
        written.push(await perSecond(() => write(store)));
        drained.push(await perSecond(async () => drain(store.outbox)));
        await store.close();
        const plain = openPlain(path.join(dir, `plain-${n}.db`));
        one.push((await perSecond(async () => plain.write(rows / 10, 1))) / 10);
        hundred.push(await perSecond(async () => plain.write(rows, 100)));
        deleted.push(await perSecond(async () => plain.drain()));
        plain.close();
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    const figure = (what: string, values: readonly number[]) => ({
      what,
      unit: "events/s",
      rounds: values,
      limit: null,
    });
    return {
      setting: `${rows} events through the agent's store (FULL sync, ${atOnce} writers waiting for their commit at a time), then read in batches of ${perBatch} and acknowledged; SQLite alone: the same text into one table, WAL, FULL.`,
      figures: [
        figure("store: written, durable", written),
        figure("store: drained", drained),
        figure("SQLite: insert, 1 a transaction", one),
        figure("SQLite: insert, 100 a transaction", hundred),
        figure(`SQLite: select and delete, ${perBatch} a transaction`, deleted),
      ],
      bound:
        "one commit for all that came within 2 ms: at few writers that wait, at many the savepoint and the envelope of each event. Draining is reading; what is acknowledged is deleted in the next commit.",
    };
  },
};

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (rows * 1000) / (performance.now() - begun);
}

type BenchStore = ReturnType<typeof openStore>;

async function write(store: BenchStore): Promise<void> {
  const cause = { correlationId: systemSource.id(), causationId: null };
  const deviceId = systemSource.id();
  const data = { deviceId, state: "running" as const, reason: null, errorClass: null };
  const writer = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++)
      await store.transaction((tx) =>
        tx.emit({ type: "device.state.changed", subject: deviceId, data } as never, cause),
      );
  };
  await Promise.all(Array.from({ length: atOnce }, () => writer(rows / atOnce)));
}

function drain(given: BenchStore["outbox"]): void {
  for (let seq = 0; ; ) {
    const batch = given.readAfter(seq, { maxRows: perBatch, maxBytes: 180_000 });
    const last = batch.at(-1);
    if (!last) return;
    seq = last.seq;
    given.acked(seq);
  }
}

function openPlain(file: string) {
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("create table outbox (seq integer primary key autoincrement, event text not null)");
  const insert = db.prepare("insert into outbox (event) values (?)");
  const select = db.prepare<[number], { seq: number }>(
    "select seq, event from outbox order by seq limit ?",
  );
  const remove = db.prepare("delete from outbox where seq <= ?");
  const text = JSON.stringify({ text: "x".repeat(330) });
  return {
    write(count: number, each: number): void {
      const group = db.transaction(() => {
        for (let n = 0; n < each; n++) insert.run(text);
      });
      for (let n = 0; n < count; n += each) group();
    },
    drain(): void {
      const step = db.transaction(() => {
        const last = select.all(perBatch).at(-1);
        if (last) remove.run(last.seq);
        return last !== undefined;
      });
      while (step());
    },
    close: () => db.close(),
  };
}
