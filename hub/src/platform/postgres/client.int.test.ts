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
