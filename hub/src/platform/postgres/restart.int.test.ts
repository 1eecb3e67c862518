import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { createDatabase } from "./client.ts";
import { startEmbedded } from "./embedded.ts";

const rounds = Number(process.env.ROUNDS ?? 4);
const workers = 6;
const settleMs = 10_000;

/** Tries until the database answers. */
async function untilAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + 30_000; ; ) {
    const answered = await ask().then(
      () => true,
      () => false,
    );
    if (answered) return;
    expect(performance.now(), "the pool works again").toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const postmaster = async (dir: string): Promise<number> =>
  Number((await readFile(path.join(dir, "data/postmaster.pid"), "utf8")).split("\n")[0]);

// What it guards: sessions are thrown away at the first trouble (connection.ts) and every call has a deadline (client.ts).
test("a server restarted with -m immediate under transactions loses nothing acknowledged, halves nothing and hangs nothing", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-restart-"));
  const server = await startEmbedded({ dataDir: dir });
  const database = createDatabase({
    address: server.address,
    connections: 4,
    deadlines: { queryMs: 5000 },
  });
  await database.query`create table pairs (id int not null, half int not null, primary key (id, half))`;
  const acknowledged: number[] = [];
  let next = 0;
  let slowestMs = 0;
  let refused = 0;
  let stopping = false;
  const work = async (): Promise<void> => {
    while (!stopping) {
      const id = next++;
      const begun = performance.now();
      await database
        .transaction(async (tx) => {
          await tx`insert into pairs values (${id}, 1)`;
          await tx`insert into pairs values (${id}, 2)`;
        })
        .then(
          () => acknowledged.push(id),
          () => refused++,
        );
      slowestMs = Math.max(slowestMs, performance.now() - begun);
    }
  };
  const busy = Promise.all(Array.from({ length: workers }, work));
  for (let round = 0; round < rounds; round++) {
    const target = acknowledged.length + 50;
    await untilAnswers(async () => {
      if (acknowledged.length < target) throw new Error("not yet");
    });
    const pid = await postmaster(dir);
    // What `pg_ctl stop -m immediate` sends; the supervisor starts the server again.
    process.kill(pid, "SIGQUIT");
    // The old server may still answer for a moment: only a new one proves the restart.
    await untilAnswers(async () => {
      if ((await postmaster(dir)) === pid) throw new Error("not yet");
    });
    await untilAnswers(() => database.query`select 1`);
  }
  stopping = true;
  await busy;
  let rows: { id: number; halves: number }[] = [];
  // A session that died idle is met by who takes it next, and refused to them: ask again.
  await untilAnswers(async () => {
    rows = await database.query<{ id: number; halves: number }>`
      select id, count(*) as halves from pairs group by id`;
  });
  const stored = new Set(rows.map((row) => row.id));
  expect(
    rows.filter((row) => row.halves !== 2),
    "no half of a pair",
  ).toEqual([]);
  expect(
    acknowledged.filter((id) => !stored.has(id)),
    "all that was acknowledged is there",
  ).toEqual([]);
  expect(refused, "the restarts were felt").toBeGreaterThan(0);
  expect(slowestMs, "every call settled").toBeLessThan(settleMs + 5000);
  await database.stop();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});
