import { mkdtemp, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { partitions } from "@cloudphone/shared/partitions";
import { pino } from "pino";
import { expect, test } from "vitest";
import { testDatabases } from "../../postgres/testing.ts";
import { beginRebuild, goOnRebuilding, type Projection } from "../../projections/rebuild.ts";
import { runContext } from "../../run-context.ts";
import { systemSource } from "../../source.ts";
import { commitsFail, envelopeOf, registered, silent, until } from "../../testing.ts";
import { createEventLog } from "../event-log.ts";
import { feed } from "../feed.ts";
import { Archiver, type ArchiverOptions } from "./archiver.ts";
import { ArchiveOverview } from "./overview.ts";

const stream = "context:core";
/** So that today's events are of a day that is over. */
const keepDays = -1;

/** A log with events in it, an empty folder, and archivers at will. */
async function stage(count: number) {
  const databases = await testDatabases();
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-archive-"));
  const { events: database } = databases;
  const log = createEventLog(database, dir);
  const event = (seq: number) => ({
    stream,
    seq,
    event: envelopeOf(registered(`${seq}@${seq % 3}.example`)),
  });
  let seq = 0;
  const append = async (more: number) => {
    const fresh = Array.from({ length: more }, () => event(++seq));
    await log.append(fresh);
    return fresh;
  };
  const first = await append(count);
  const archiver = (over: Partial<ArchiverOptions> = {}) =>
    new Archiver({
      ...{ database, dir, keepDays, readers: [], logger: silent, fileEvents: 1500 },
      ...over,
    });
  const drain = async (one = archiver()) => {
    while (await one.step());
  };
  const counted = async () =>
    (await database.query<{ n: number }>`select count(*) as n from events`)[0]?.n;
  return {
    ...{ databases, database, dir, log, first, append, archiver, drain, counted },
    all: () => log.read({ after: 0, limit: 100_000 }),
    async [Symbol.asyncDispose]() {
      await databases[Symbol.asyncDispose]();
      await rm(dir, { recursive: true });
    },
  };
}

test("archived events leave the table, and whoever reads finds all of them as they were", async () => {
  await using at = await stage(3600);
  const { log, all, append, first, counted, drain, database, dir, archiver } = at;
  const before = await all();
  await drain();
  expect(await counted()).toBe(0);
  expect(await log.horizon()).toBe(3600);
  expect(await readdir(dir)).toHaveLength(3);
  await append(150);
  const after = await all();
  expect(after.slice(0, 3600)).toEqual(before);
  expect(after.map(({ position }) => position)).toEqual(after.map((_, place) => place + 1));
  const one = after[1234];
  const filter = { subject: one?.subject ?? "", types: ["user.registered"] };
  expect(await log.read({ after: 0, limit: 10, ...filter })).toEqual([one]);
  expect(await log.read({ after: 3500, limit: 200 })).toEqual(after.slice(3500, 3700));
  expect(await log.read({ after: 0, limit: 9, types: ["order.paid"] })).toEqual([]);
  // Backwards: the table first, then, when asked, the files.
  expect(await log.readBack({ before: null, limit: 1000 })).toHaveLength(150);
  const old = await log.readArchivedBack({ before: null, limit: 3, types: ["user.registered"] });
  expect(old).toEqual({ events: after.slice(3597, 3600).toReversed(), before: 3598 });
  expect(await log.readArchivedBack({ before: 2, limit: 3 })).toEqual({
    events: after.slice(0, 1),
    before: null,
  });
  const instant = { since: one?.recordedAt ?? "", until: one?.recordedAt ?? "" };
  expect((await log.readArchivedBack({ before: null, limit: 3, ...instant })).events).toEqual([]);
  // What a producer sends again it knows, though its row is gone.
  expect(await log.append(first.slice(-200))).toBe(3750);
  const live = feed(log, { after: 3590, signal: undefined });
  for (const event of after.slice(3590)) expect((await live.next()).value).toEqual(event);
  await live.return(undefined);
  await expect(database.query`delete from events where position = 3700`).rejects.toThrow(
    "archived",
  );
  await expect(database.query`update events set seq = 1`).rejects.toThrow("append-only");
  await drain(archiver({ keepDays: 0 }));
  expect(await counted(), "of a day that is not over").toBe(150);
});

test("a file is of one day, and nothing of a day that must stay goes", async () => {
  await using at = await stage(10);
  const { databases, database, archiver } = at;
  await database.query`alter table events disable trigger events_append_only`;
  await database.query`update events set recorded_at = clock_timestamp() - (12 - position) / 2 * interval '1 day'`;
  await at.drain(archiver({ keepDays: 3 }));
  const files = (await new ArchiveOverview(archiver()).state()).files;
  const days = files.map(({ firstRecordedAt, lastRecordedAt }) => [
    firstRecordedAt.slice(0, 10),
    lastRecordedAt.slice(0, 10),
  ]);
  expect(days.every(([from, to]) => from === to)).toBe(true);
  const [young] = await databases.events.query<{ oldest: number; left: number }>`
    select max((now() at time zone 'UTC')::date - (recorded_at at time zone 'UTC')::date) as oldest, count(*) as left from events`;
  expect(young?.oldest).toBeLessThanOrEqual(3);
  expect(
    (young?.left ?? 0) + files.reduce((sum, { first, last }) => sum + last - first + 1, 0),
  ).toBe(10);
  expect(files.length).toBeGreaterThan(1);
});

test("an archiver that is cut off at any place, or has company, is gone on with and loses nothing", async () => {
  await using at = await stage(3200);
  const { all, archiver, database, dir, counted, drain, log } = at;
  const before = await all();
  let fails = true;
  const cut = archiver({ database: commitsFail(database, () => fails) });
  await expect(cut.step()).rejects.toThrow("the commit failed");
  expect(await log.horizon(), "a file alone is nothing").toBe(0);
  expect(await all()).toEqual(before);
  const left = await readdir(dir);
  expect(left).toHaveLength(1);
  await writeFile(path.join(dir, ".writing-1-1"), "half a file");
  await writeFile(path.join(dir, ".writing-1-2"), "of long ago");
  await utimes(path.join(dir, ".writing-1-2"), 0, 0);
  fails = false;
  expect(await archiver().step()).toBe(true);
  expect(await readdir(dir), "the same events are the same file").toEqual([
    ".writing-1-1",
    ...left,
  ]);
  expect(await counted(), "told of, and not deleted yet").toBe(3200);
  expect(await all()).toEqual(before);
  await Promise.all([drain(), drain(archiver())]);
  expect(await all()).toEqual(before);
  expect(await counted()).toBe(0);
  const { files } = await new ArchiveOverview(archiver()).state();
  expect(files.map(({ first, last }) => [first, last])).toEqual([
    [1, 1500],
    [1501, 3000],
    [3001, 3200],
  ]);
});

test("what a consumer has not read, or an outbox may send again, stays; and it is said who holds it", async () => {
  await using at = await stage(20);
  const { databases, counted, archiver } = at;
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(line) });
  const { core } = databases;
  const readers = [{ name: "core", database: core, consumers: ["core.fast", "core.slow"] }];
  const one = archiver({ readers, logger });
  const overview = new ArchiveOverview(one);
  const heldBy = async () => (await overview.state()).next?.heldBy;
  const put = (consumer: string, position: number) => core.query`
    insert into cursors (consumer, partition, position, token)
    select ${consumer}, partition, ${position}, 0 from unnest(${[...partitions]}::int[]) as p(partition)
    on conflict (consumer, partition) do update set position = excluded.position`;
  await put("core.fast", 20);
  expect(await one.step()).toBe(false);
  expect(await heldBy()).toEqual([{ name: "core.slow", position: 0 }]);
  await put("core.slow", 19);
  expect(await one.step()).toBe(false);
  expect(await heldBy()).toEqual([{ name: "core.slow", position: 19 }]);
  expect(
    lines.filter((line) => line.includes("core.slow")),
    "said once",
  ).toHaveLength(1);
  await put("core.slow", 20);
  await core.query`insert into outbox (id, event) overriding system value values (7, '{}')`;
  expect(await one.step()).toBe(false);
  expect(await heldBy()).toEqual([{ name: "core's outbox", position: 0 }]);
  expect(await counted()).toBe(20);
  await core.query`delete from outbox`;
  await at.drain(one);
  expect(await counted()).toBe(0);
  expect((await overview.state()).next).toBe(null);
});

test("a consumer that nothing concerns holds nothing up: its cursors go along", async () => {
  await using at = await stage(30);
  const { analytics } = at.databases;
  const consumers = [{ name: "analytics.idle", on: { "order.paid": async () => undefined } }];
  const running = runContext(
    { name: "analytics", database: analytics, consumers, sagas: [], timers: [] },
    { log: at.log, source: systemSource, logger: silent },
  );
  try {
    const readers = [
      { name: "analytics", database: analytics, consumers: consumers.map(({ name }) => name) },
    ];
    const one = at.archiver({ readers });
    await until("its archiving", async () => {
      await one.step();
      return (await at.log.horizon()) === 30;
    });
  } finally {
    await running.stop();
  }
});

test("a rebuild over files and table is the fold of all, and says which file it lacks", async () => {
  await using at = await stage(3100);
  const { databases, dir, log, append, drain } = at;
  const { analytics } = databases;
  await analytics.query`create table people (host text primary key, n int not null, last bigint not null)`;
  const projection: Projection = {
    name: "analytics.people",
    tables: ["people"],
    on: {
      "user.registered": async ({ data, position }, { tx }) => {
        await tx`insert into people as p values (${data.email.split("@")[1] ?? ""}, 1, ${position})
          on conflict (host) do update set n = p.n + 1, last = excluded.last`;
      },
    },
  };
  const rows = () =>
    analytics.query<{ host: string; n: number }>`select * from people order by host`;
  const running = runContext(
    { name: "analytics", database: analytics, consumers: [projection], sagas: [], timers: [] },
    { log, source: systemSource, logger: silent },
  );
  const folded = async (count: number) =>
    until("the fold", async () => (await rows()).reduce((sum, { n }) => sum + n, 0) === count);
  try {
    await folded(3100);
    await drain();
    await append(700);
    await folded(3800);
  } finally {
    await running.stop();
  }
  const before = await rows();
  const deps = { database: analytics, log, source: systemSource };
  await beginRebuild(deps, projection, "ann@example.com");
  const [, second = ""] = (await readdir(dir)).toSorted();
  const away = path.join(dir, "away");
  await rename(path.join(dir, second), away);
  const goOn = async () => {
    while (await goOnRebuilding([projection], deps));
  };
  await expect(goOn()).rejects.toThrow(
    `Events 1501 to 3000 are archived in ${second}, which is not in ${dir}: put it back`,
  );
  await writeFile(path.join(dir, second), "something else");
  await expect(goOn()).rejects.toThrow("can't be read");
  const overview = new ArchiveOverview(at.archiver());
  expect(await overview.verify(second)).toContain("its checksum is another");
  await rename(away, path.join(dir, second));
  expect(await overview.verify(second)).toBe(null);
  await goOn();
  expect(await rows()).toEqual(before);
});
