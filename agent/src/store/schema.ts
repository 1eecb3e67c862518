import { readFileSync } from "node:fs";
import path from "node:path";
import type { Database } from "better-sqlite3";

const migrations = ["0001-create-store.sql"];

/** Brings a store file up to date; its `user_version` tells how many migrations it has had. */
export function migrateStore(db: Database): void {
  const done = Number(db.pragma("user_version", { simple: true }));
  for (const [index, name] of migrations.entries()) {
    if (index < done) continue;
    const sql = readFileSync(path.join(import.meta.dirname, "migrations", name), "utf8");
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${index + 1}`);
    })();
  }
}
