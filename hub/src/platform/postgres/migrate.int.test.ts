import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type OpenDatabase } from "./client.ts";
import { migrate } from "./migrate.ts";
import { type TestDatabases, testDatabases } from "./testing.ts";

let databases: TestDatabases;
let database: OpenDatabase;
let root: string;
beforeAll(async () => {
  databases = await testDatabases();
  const server = createDatabase({ address: databases.server });
  await server.query`create database releases`;
  await server.stop();
  database = createDatabase({ address: { ...databases.server, database: "releases" } });
  root = await mkdtemp(path.join(tmpdir(), "cloudphone-migrations-"));
});
afterAll(async () => {
  await database.stop();
  await databases[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

/** What a release brings: the files of the ones before it, and its own. */
async function release(name: string, files: Record<string, string>): Promise<string> {
  const folder = path.join(root, name, "thing", "migrations");
  await mkdir(folder, { recursive: true });
  for (const [file, sql] of Object.entries(files)) await writeFile(path.join(folder, file), sql);
  return folder;
}

const first = { "0001-create-things.sql": "create table things (id int);\n" };
const second = {
  ...first,
  "0002-rename-things.sql": "--! breaking\nalter table things rename to items;\n",
};

test("a breaking change waits for older hubs to stop, and then they refuse to start", async () => {
  const [old, fresh] = [await release("old", first), await release("new", second)];
  const update = (folder: string, alone: boolean): Promise<void> =>
    migrate(database, [folder], async () => alone);
  // As on a database that is in use: its tables are there already.
  await update(old, false);
  await expect(update(fresh, false)).rejects.toMatchObject({ code: "unavailable" });
  expect(await database.query`select * from things`).toEqual([]);
  await update(old, false);
  await update(fresh, true);
  await expect(update(old, true)).rejects.toMatchObject({ code: "conflict" });
  expect(await database.query`select * from items`).toEqual([]);
  // Done once, it asks nobody any more.
  await update(fresh, false);
});
