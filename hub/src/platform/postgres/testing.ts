import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Address } from "./connection.ts";
import { startEmbedded } from "./embedded.ts";
import { closeDatabases, type Databases, openDatabases, provision } from "./provision.ts";
import { migrateAll } from "./schema.ts";

export interface TestDatabases extends Databases, AsyncDisposable {
  /** The server's superuser. */
  readonly server: Address;
}

/**
 * The four databases, empty and migrated, on a PostgreSQL server of the test's own (about 1.5 s): `await using databases = await testDatabases()`.
 * Durability is switched off; tests of crashes start their own server.
 */
export async function testDatabases(): Promise<TestDatabases> {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-test-"));
  const server = await startEmbedded({
    dataDir: dir,
    settings: ["fsync=off", "synchronous_commit=off"],
  });
  const databases = openDatabases(await provision(server.address));
  await migrateAll(databases);
  return {
    ...databases,
    server: server.address,
    async [Symbol.asyncDispose]() {
      await closeDatabases(databases);
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
