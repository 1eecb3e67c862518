import { expect, test } from "vitest";
import { createDatabase } from "./client.ts";
import { testDatabases } from "./testing.ts";

test("values come back in the types that the hub works with", async () => {
  await using databases = await testDatabases();
  const { query } = databases.core;
  const rows = await query<Record<string, unknown>>`
    select 9007199254740991::int8 as big, ${query.json({ a: [1] })}::jsonb as doc, timestamptz 'epoch' as at, array['a','b'] as words`;
  expect(rows[0]).toEqual({
    big: 9007199254740991,
    doc: { a: [1] },
    at: new Date(0),
    words: ["a", "b"],
  });
});

test("lists go to the database as they are, whatever is in them", async () => {
  await using databases = await testDatabases();
  const words = ["", "null", 'a "b"', "c\\d", "{e,f}", "g\n h ", "é\u{1f4f1}"];
  const numbers = [1, null, -2.5];
  const [row] = await databases.core.query<{ words: string[]; numbers: number[] }>`
    select ${words}::text[] as words, array_to_json(${numbers}::float8[]) as numbers, ${[]}::text[] as none`;
  expect(row).toEqual({ words, numbers, none: [] });
});

test("a transaction that rejects leaves nothing", async () => {
  await using databases = await testDatabases();
  const { query, transaction } = databases.core;
  await query`create table t (x int)`;
  await expect(
    transaction(async (tx) => {
      await tx`insert into t values (1)`;
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  expect(await query`select * from t`).toHaveLength(0);
});

test("what is sent with the commit is done before it, in its order", async () => {
  await using databases = await testDatabases();
  const { query, transaction } = databases.core;
  await query`create table t (n int generated always as identity, x int)`;
  await transaction(async (tx) => {
    tx.withCommit(() => tx`insert into t (x) values (2)`);
    tx.withCommit(() =>
      Promise.all([tx`insert into t (x) values (3)`, tx`insert into t (x) values (4)`]),
    );
    await tx`insert into t (x) values (1)`;
  });
  expect(await query`select x from t order by n`).toEqual([{ x: 1 }, { x: 2 }, { x: 3 }, { x: 4 }]);
});

test.each([
  ["that the server refuses", 1 / 0, "out of range"],
  ["that can't be sent", undefined as unknown as number, "was lost"],
])("a statement sent with the commit %s: nothing is committed", async (_what, value, message) => {
  await using databases = await testDatabases();
  const { query, transaction } = databases.core;
  await query`create table t (x int)`;
  const bad = transaction(async (tx) => {
    await tx`insert into t values (1)`;
    tx.withCommit(() => tx`insert into t values (2)`);
    tx.withCommit(() => tx`insert into t values (${value}::float8::int)`);
    tx.withCommit(() => tx`insert into t values (3)`);
  });
  await expect(bad).rejects.toThrow(message);
  expect(await query`select * from t`).toHaveLength(0);
  await transaction((tx) => tx`insert into t values (4)`);
  expect(await query`select * from t`).toEqual([{ x: 4 }]);
});

test("a failure that nobody told of is no commit either", async () => {
  await using databases = await testDatabases();
  const { query, transaction } = databases.core;
  await query`create table t (x int)`;
  const hidden = transaction(async (tx) => {
    await tx`insert into t values (1)`;
    tx.withCommit(() => tx`insert into nowhere values (2)`.catch(() => undefined));
  });
  await expect(hidden).rejects.toThrow("nothing was committed");
  expect(await query`select * from t`).toHaveLength(0);
});

test("a role can't open another context's database", async () => {
  await using databases = await testDatabases();
  const stranger = createDatabase({
    address: {
      ...databases.server,
      user: "cloudphone_core",
      database: "cloudphone_billing",
    },
  });
  await expect(stranger.query`select 1`).rejects.toThrow("could not be reached");
  await stranger.stop();
});

test("a statement that outlives its deadline is given up and its session thrown away", async () => {
  await using databases = await testDatabases();
  const hasty = createDatabase({
    address: {
      ...databases.server,
      user: "cloudphone_core",
      database: "cloudphone_core",
    },
    deadlines: { queryMs: 300 },
    connections: 1,
  });
  await expect(hasty.query`select pg_sleep(5)`).rejects.toThrow();
  expect(await hasty.query`select 1 as x`).toEqual([{ x: 1 }]);
  await hasty.stop();
});
