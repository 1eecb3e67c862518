import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import type { Database, Tx } from "./database.ts";
import { raiseWall } from "./tenant.ts";

interface Migration {
  /** folder/NNNN-verb-noun */
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  readonly breaking: boolean;
}

/**
 * Brings a database up to date: the files of each folder in the order of their numbers, each in one transaction, once. Several hubs may call it at
 * the same time. Refuses a file that was edited after it ran, and a database that a newer release changed in a `--! breaking` way. Before such a
 * change of its own it wants every hub of an older release to have stopped: `unavailable` until then, to be tried again.
 */
export async function migrate(
  database: Database,
  folders: readonly string[],
  alone: () => Promise<boolean>,
): Promise<void> {
  const migrations = (await Promise.all(folders.map(readFolder))).flat();
  const known = new Set(migrations.map((migration) => migration.name));
  // Every file takes the lock anew and reads anew what ran: another hub may have been faster in between.
  for (const migration of migrations) {
    const mayBreak = !migration.breaking || (await alone());
    await database.transaction(async (tx) => {
      await lock(tx);
      await tx`create table if not exists migrations (
        name text primary key, checksum text not null, breaking boolean not null, applied_at timestamptz not null default now())`;
      const applied = await tx<{ name: string; checksum: string; breaking: boolean }>`
        select name, checksum, breaking from migrations`;
      const newer = applied.find((row) => row.breaking && !known.has(row.name));
      if (newer)
        throw new Fault(
          "conflict",
          `Database ${database.name} was changed by a newer release (${newer.name}); upgrade this hub.`,
        );
      const pending = applied.every((row) => row.name !== migration.name);
      if (pending && applied.length > 0 && !mayBreak)
        throw new Fault(
          "unavailable",
          `This release changes database ${database.name} in a way (${migration.name}) that older hubs can't work with; it waits until they have stopped.`,
        );
      await apply(tx, migration, applied);
    });
  }
}

/** After its migrations: puts a context's tables behind the wall between customers (tenant.ts). */
export async function protect(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await lock(tx);
    await raiseWall(tx);
  });
}

async function lock(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('cloudphone.migrations'))`;
}

async function apply(
  tx: Tx,
  migration: Migration,
  applied: readonly { name: string; checksum: string }[],
): Promise<void> {
  const done = applied.find((row) => row.name === migration.name);
  if (done?.checksum === migration.checksum) return;
  if (done)
    throw new Fault(
      "conflict",
      `Migration ${migration.name} was edited after it ran; put it back and add a new one instead.`,
    );
  // Statement by statement: the driver's prepared path takes one at a time. Bodies are written with $$ and split by hand there.
  for (const statement of splitStatements(migration.sql))
    await tx(Object.assign([statement], { raw: [statement] }));
  await tx`insert into migrations (name, checksum, breaking)
    values (${migration.name}, ${migration.checksum}, ${migration.breaking})`;
}

async function readFolder(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const odd = names.find((name) => !/^\d{4}-[a-z0-9-]+\.sql$/.test(name));
  if (odd !== undefined)
    throw new Fault("bad_input", `Migration ${odd} must be named like 0001-create-orders.sql.`);
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(path.join(folder, name), "utf8");
      return {
        name: `${path.basename(path.dirname(folder))}/${path.basename(name, ".sql")}`,
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
        breaking: sql.startsWith("--! breaking"),
      };
    }),
  );
}

/** Splits at semicolons that end a line, except inside `$$` bodies: the form our migrations are written in. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let statement = "";
  let inBody = false;
  for (const line of sql.split("\n")) {
    if (/^\s*--/.test(line)) continue;
    statement += `${line}\n`;
    if ((line.split("$$").length - 1) % 2 === 1) inBody = !inBody;
    if (inBody || !line.trimEnd().endsWith(";")) continue;
    statements.push(statement.trim());
    statement = "";
  }
  if (statement.trim()) statements.push(statement.trim());
  return statements;
}
