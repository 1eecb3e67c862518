import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabases, testDatabases } from "../../platform/postgres/testing.ts";
import { systemSource } from "../../platform/source.ts";
import { countHosts, hostPageSchema, pageHosts, showHost } from "./host-pages.ts";

const many = 1002;
let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
  await databases.core.query`
    insert into hosts (id, name, secret_hash, state, created_at)
    select gen_random_uuid(), 'rack ' || n, n::text, case when n % 2 = 0 then 'connected' else 'lost' end, now() + n * interval '1 ms'
    from generate_series(1, ${many}::int) n`;
  await databases.core.query`update hosts set name = 'twin' where name in ('rack 7', 'rack 8')`;
});
afterAll(() => databases[Symbol.asyncDispose]());

const page = (input: object) => pageHosts(databases.core.query, hostPageSchema.parse(input));

test("however many hosts there are, pages have each once, and the counts are of all", async () => {
  const first = await page({ limit: 1000 });
  const rest = await page({ limit: 1000, after: first.at(-1)?.hostId });
  expect(rest.map(({ name }) => name)).toEqual(["rack 1001", "rack 1002"]);
  expect(new Set([...first, ...rest].map(({ hostId }) => hostId)).size).toBe(many);
  expect(await countHosts(databases.core.query)).toEqual({
    total: many,
    byState: { connected: many / 2, lost: many / 2 },
  });
});

test("hosts are found by a part of their name, by the beginning of their id, by state and by ids", async () => {
  const [found] = await page({ search: "RACK 1002" });
  expect(found?.name).toBe("rack 1002");
  expect(await page({ search: found?.hostId.slice(0, 18) })).toEqual([found]);
  expect(await page({ ids: [found?.hostId, systemSource.id()] })).toEqual([found]);
  expect(await page({ search: "rack 1002", state: "lost" })).toEqual([]);
  expect(await page({ search: "%" })).toEqual([]);
});

test("one host is shown by its name or id; a name that two have, or nobody, is refused", async () => {
  const { query } = databases.core;
  const last = await showHost(query, "rack 1002");
  expect(last).toMatchObject({ name: "rack 1002", state: "connected", findings: [], room: null });
  expect(await showHost(query, last.hostId)).toEqual(last);
  await expect(showHost(query, "twin")).rejects.toThrow("name one by its id");
  await expect(showHost(query, "rack")).rejects.toThrow("There is no host rack");
});
