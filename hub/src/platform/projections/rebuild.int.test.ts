import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Logger } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEventLog, type EventLog } from "../log/event-log.ts";
import { discardParked } from "../log/dead-letters.ts";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { runContext } from "../run-context.ts";
import { systemSource } from "../source.ts";
import { envelopeOf, registered, silent, until } from "../testing.ts";
import { beginRebuild, goOnRebuilding, listRebuilds, type Projection } from "./rebuild.ts";

let databases: TestDatabases;
let log: EventLog;
beforeAll(async () => {
  databases = await testDatabases();
  log = createEventLog(databases.events);
});
afterAll(() => databases[Symbol.asyncDispose]());

const stream = `context:${systemSource.id()}`;
let seq = 0;
const append = (...drafts: EventDraft[]) =>
  log.append(drafts.map((draft) => ({ stream, seq: ++seq, event: envelopeOf(draft) })));

const people = (count: number, host: string): EventDraft[] =>
  Array.from({ length: count }, (_, place) => registered(`${place}@${host}`));

/** Counts how many have registered from a host; made anew for each test, with a table of its own. */
async function counting(name: string, refuses: () => string | null = () => null) {
  const { query } = databases.analytics;
  const sql = (text: string) => query<{ n: number }>(Object.assign([text], { raw: [text] }));
  await sql(`create table people_${name} (host text primary key, n int not null)`);
  await sql(`create index people_${name}_n on people_${name} (n)`);
  const host = `${name}.example`;
  const projection: Projection = {
    name: `analytics.${name}`,
    tables: [`people_${name}`],
    on: {
      "user.registered": async ({ data }, { tx }) => {
        if (data.email === refuses()) throw new Error("cannot be folded");
        if (!data.email.endsWith(host)) return;
        const text = `insert into people_${name} as p values ('${host}', 1) on conflict (host) do update set n = p.n + 1`;
        await tx(Object.assign([text], { raw: [text] }));
      },
    },
  };
  const count = async () => (await sql(`select n from people_${name}`))[0]?.n ?? 0;
  const consumers = [projection];
  const run = (logger: Logger = silent) =>
    runContext(
      { name: "analytics", database: databases.analytics, consumers, sagas: [], timers: [] },
      { log, source: systemSource, logger },
    );
  const begin = () =>
    beginRebuild({ database: databases.analytics, log }, projection, "ann@example.com");
  const state = async () => (await listRebuilds(databases.analytics)).get(projection.name);
  const done = () => until("the end", async () => (await state())?.state === "done");
  return { projection, host, count, run, begin, state, done, sql };
}

test("while a projection is built anew and events keep coming, readers see it whole, and it ends as a fold of all of them", async () => {
  const { host, count, run, begin, done, sql } = await counting("whole");
  const running = run();
  try {
    await append(...people(1200, host));
    await until("the first fold", async () => (await count()) === 1200);
    await sql("update people_whole set n = n + 5");
    let said = 1200;
    await begin();
    await expect(begin()).rejects.toThrow("already");
    let over = false;
    const seen: number[] = [];
    const read = (async () => {
      while (!over) seen.push(await count());
    })();
    const finished = done();
    for (let n = 0; n < 20; n++) {
      said += 10;
      await append(...people(10, host));
    }
    await finished;
    over = true;
    await read;
    expect(Math.min(...seen), "never a half-built one").toBeGreaterThanOrEqual(1200);
    expect(Math.max(...seen)).toBeLessThanOrEqual(said + 5);
    await until("all of it", async () => (await count()) === said);
    const [index] = await sql(
      "select count(*)::int as n from pg_indexes where tablename = 'people_whole' and schemaname = 'public' and indexname in ('people_whole_pkey', 'people_whole_n')",
    );
    expect(index?.n, "its indexes have their names").toBe(2);
  } finally {
    await running.stop();
  }
});

test("a rebuild that its hub left is gone on with by another, from where it was", async () => {
  const { projection, host, count, run, begin, state, done } = await counting("left");
  const first = run();
  await append(...people(1700, host));
  await until("the first fold", async () => (await count()) === 1700);
  await first.stop();
  await begin();
  const deps = { database: databases.analytics, log, source: systemSource };
  await goOnRebuilding([projection], deps);
  const left = await state();
  expect(left).toMatchObject({ state: "running", by: "ann@example.com" });
  expect(left?.position).toBeGreaterThan(0);
  expect(left?.position).toBeLessThan(left?.target ?? 0);
  expect(await count(), "the old one is read meanwhile").toBe(1700);
  const second = run();
  await done();
  await second.stop();
  expect(await count()).toBe(1700);
});

test("what was discarded is left out, what can't be folded is put aside with its subject, and what can be by now is folded", async () => {
  let broken: string | null = "2@aside.example";
  const { projection, host, count, run, begin, done } = await counting("aside", () => broken);
  const running = run();
  try {
    const drafts = people(6, host);
    await append(...drafts);
    await until("five of six", async () => (await count()) === 5);
    const [letter] = await databases.analytics.query<{ position: number }>`
      update parked_events set state = 'dead' where consumer = ${projection.name} returning position`;
    const place = { consumer: projection.name, position: letter?.position ?? 0, reason: "a test" };
    const operator = { userId: systemSource.id(), email: "ann@example.com" };
    expect(await discardParked(databases.analytics, place, operator)).toBe("discarded");
    broken = null;
    await begin();
    await done();
    expect(await count(), "the discarded one stays out").toBe(5);
    broken = "4@aside.example";
    await begin();
    await done();
    expect(await count(), "one more can't be folded").toBe(4);
    const parked = await databases.analytics.query<{ subject: string }>`
      select subject from parked_events where consumer = ${projection.name}`;
    expect(parked.map(({ subject }) => subject)).toEqual([drafts[4]?.subject]);
    broken = null;
    await until("it to be folded after all", async () => (await count()) === 5);
  } finally {
    await running.stop();
  }
});

test("who may see which rows stays as it was", async () => {
  const { host, count, run, begin, done, sql } = await counting("secured");
  await sql("alter table people_secured enable row level security");
  await sql(
    "create policy own on people_secured for select to public using (host = current_setting('test.host', true))",
  );
  await append(...people(3, host));
  const running = run();
  try {
    await until("the fold", async () => (await count()) === 3);
    await begin();
    await done();
    const [policy] = await databases.analytics.query<{ qual: string; secured: boolean }>`
      select p.qual, c.relrowsecurity as secured from pg_policies p join pg_class c on c.oid = 'public.people_secured'::regclass
      where p.schemaname = 'public' and p.tablename = 'people_secured'`;
    expect(policy).toMatchObject({
      secured: true,
      qual: expect.stringContaining("test.host") as string,
    });
  } finally {
    await running.stop();
  }
});
