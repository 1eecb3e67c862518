import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createDatabase } from "./client.ts";
import type { Address } from "./connection.ts";
import { type TestDatabases, testDatabases } from "./testing.ts";

/** A way to a server that can be cut: at once, or when a client says a word. */
async function cuttable(server: Address) {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-pg-"));
  const pairs = new Set<Socket>();
  let word: string | null = null;
  const cut = async (): Promise<void> => {
    await Promise.all(
      [...pairs].map((socket) => {
        const closed = once(socket, "close");
        socket.destroy();
        return closed;
      }),
    );
    // What the other end makes of it is a few turns of the loop away: both ends live in this process.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const proxy = createServer((client) => {
    const upstream = connect(path.join(server.host, `.s.PGSQL.${server.port}`));
    for (const socket of [client, upstream]) {
      pairs.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => pairs.delete(socket));
    }
    client.on("data", (chunk) => {
      if (word !== null && chunk.includes(word)) void cut();
      else upstream.write(chunk);
    });
    upstream.pipe(client);
    client.once("close", () => upstream.destroy());
  });
  proxy.listen(path.join(dir, ".s.PGSQL.5432"));
  await once(proxy, "listening");
  return {
    host: dir,
    cut,
    cutAt: (said: string | null) => {
      word = said;
    },
    async [Symbol.asyncDispose]() {
      proxy.close();
      await cut();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

// What nobody hears ends a process.
const unheard: unknown[] = [];
const hear = (error: unknown): void => void unheard.push(error);
beforeEach(() => {
  unheard.length = 0;
  process.on("unhandledRejection", hear);
  process.on("uncaughtException", hear);
});
afterEach(() => {
  process.off("unhandledRejection", hear);
  process.off("uncaughtException", hear);
});

const through = (host: string) =>
  createDatabase({
    address: { ...databases.server, host, port: 5432, database: "cloudphone_core" },
    connections: 1,
    deadlines: { connectMs: 1000, queryMs: 5000 },
  });

test("a transaction whose session was lost in the middle does not go on over another one", async () => {
  await using way = await cuttable(databases.server);
  const database = through(way.host);
  await database.query`create table halves (half int)`;
  await expect(
    database.transaction(async (tx) => {
      await tx`insert into halves values (1)`;
      await way.cut();
      await tx`insert into halves values (2)`;
    }),
  ).rejects.toMatchObject({ code: "unavailable" });
  expect(await database.query`select half from halves`).toEqual([]);
  await database.stop();
  expect(unheard).toEqual([]);
});

test("a session that died while nobody used it is not given to the next caller", async () => {
  await using way = await cuttable(databases.server);
  const database = through(way.host);
  await database.query`select 1`;
  await way.cut();
  expect(await database.query`select 1 as one`).toEqual([{ one: 1 }]);
  await database.stop();
  expect(unheard).toEqual([]);
});

test("a server that goes away while a session is being opened fails that session alone", async () => {
  await using way = await cuttable(databases.server);
  const database = through(way.host);
  way.cutAt("pg_catalog.pg_type");
  await expect(database.query`select 1`).rejects.toMatchObject({ code: "unavailable" });
  way.cutAt(null);
  expect(await database.query`select 1 as one`).toEqual([{ one: 1 }]);
  await database.stop();
  expect(unheard).toEqual([]);
});

test("the driver, as we patch it, does not write to a socket that is gone", async () => {
  await using way = await cuttable(databases.server);
  const settled = Promise.withResolvers<void>();
  const sql = postgres({
    host: way.host,
    port: 5432,
    user: databases.server.user,
    database: "cloudphone_core",
    max: 1,
    // The driver tells this in the tick in which the socket closed: a statement of that moment has none to go to.
    onclose: () => {
      reserved`select 1`.catch(() => undefined);
      setImmediate(() => setImmediate(settled.resolve));
    },
  });
  const reserved = await sql.reserve();
  await reserved`select 1`;
  await way.cut();
  await settled.promise;
  expect(unheard).toEqual([]);
  await sql.end({ timeout: 0 });
});
