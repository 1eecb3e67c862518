import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import type { HubConfig } from "./config.ts";
import { startEmbedded } from "./platform/postgres/embedded.ts";
import type { Address } from "./platform/postgres/connection.ts";
import {
  closeDatabases,
  databaseNames,
  type DatabaseName,
  type Databases,
  openDatabases,
  parseDatabaseUrl,
  provision,
} from "./platform/postgres/provision.ts";
import { Reachability, retryLevel } from "./platform/postgres/reachability.ts";
import { migrateAll } from "./platform/postgres/schema.ts";

export interface Storage {
  readonly databases: Databases;
  stop(): Promise<void>;
}

/** The four databases, up to date: on servers given by URL, or on an embedded one. Waits for a server that can't be reached, and says so. */
export async function openStorage(config: HubConfig, logger: Logger): Promise<Storage> {
  const external = externalAddresses(config);
  const server = external
    ? null
    : await startEmbedded({
        dataDir: path.join(config.dataDir, "postgres"),
        onRestart: (reason) => logger.error({ reason }, "PostgreSQL was lost"),
      });
  const databases = openDatabases(
    external ?? (await provision((server as NonNullable<typeof server>).address)),
    new Reachability(logger),
  );
  await untilReached(() => migrateAll(databases), logger);
  if (external) await untilReached(() => warnOfBypass(databases, logger), logger);
  return {
    databases,
    async stop() {
      await closeDatabases(databases);
      await server?.stop();
    },
  };
}

/** A login that row-level security does not hold leaves one wall between customers instead of two (postgres/tenant.ts). */
async function warnOfBypass(databases: Databases, logger: Logger): Promise<void> {
  for (const name of ["core", "billing", "analytics"] as const) {
    const [login] = await databases[name].query<{ name: string }>`
      select rolname as name from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)`;
    if (login)
      logger.warn(
        `The ${name} database is opened as ${login.name}, a superuser or one with BYPASSRLS: row-level security does not hold it. Give the hub a plain login that owns the database.`,
      );
  }
}

function externalAddresses({ databases }: HubConfig): Record<DatabaseName, Address> | null {
  if (!databases.events) return null;
  const entries = databaseNames.map((name) => [name, parseDatabaseUrl(databases[name] ?? "")]);
  return Object.fromEntries(entries) as Record<DatabaseName, Address>;
}

async function untilReached(work: () => Promise<void>, logger: Logger): Promise<void> {
  for (let delayMs = 500; ; delayMs = Math.min(delayMs * 2, 10_000)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault && error.code === "unavailable")) throw error;
      logger[retryLevel(error)](`${error.message} Trying again.`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
