import path from "node:path";
import { isNobodyAtWork } from "../hubs/membership.ts";
import { migrate, protect } from "./migrate.ts";
import type { Databases } from "./provision.ts";

const source = path.resolve(import.meta.dirname, "../..");
const platform = path.join(source, "platform/migrations");

/** Brings all four databases up to date: the log's own, and for each context the platform's tables and then its own. */
export async function migrateAll(databases: Databases): Promise<void> {
  const alone = (): Promise<boolean> => isNobodyAtWork(databases.events);
  await migrate(databases.events, [path.join(source, "platform/log/migrations")], alone);
  await Promise.all(
    (["core", "billing", "analytics"] as const).map(async (name) => {
      await migrate(databases[name], [platform, path.join(source, name, "migrations")], alone);
      await protect(databases[name]);
    }),
  );
}
