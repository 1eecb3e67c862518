import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { databaseFolder } from "@cloudphone/testing/folder";
import { expect, test } from "vitest";
import { createDatabase } from "./client.ts";
import { type EmbeddedServer, startEmbedded } from "./embedded.ts";
import { copyPrepared } from "./testing.ts";

const settings = ["fsync=off"];

/** A folder in which a server was once. */
async function usedFolder(below = ""): Promise<{ dir: string } & AsyncDisposable> {
  const top = await databaseFolder("cloudphone-embedded-");
  const dir = path.join(top, below);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await copyPrepared(dir);
  return { dir, [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }) };
}

async function ask<T extends object>({ address }: EmbeddedServer, what: string): Promise<T[]> {
  const database = createDatabase({ address, connections: 1 });
  try {
    return await database.query<T>(Object.assign([what], { raw: [what] }));
  } finally {
    await database.stop();
  }
}

const pidOf = async (dir: string): Promise<number> =>
  Number((await readFile(path.join(dir, "data/postmaster.pid"), "utf8")).split("\n")[0]);

/** Processes that were started for the data in `dir`, also such that have only just begun. */
async function processesOf(dir: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((pid) => /^\d+$/.test(pid));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(path.join(dir, "data")));
}

test("a lock file that a power cut left does not hold up the start, also when its pid is another process's by now", async () => {
  await using folder = await usedFolder();
  const stranger = spawn("sleep", ["60"]);
  try {
    const lines = [
      stranger.pid,
      path.join(folder.dir, "data"),
      1,
      5432,
      folder.dir,
      "",
      "",
      "ready",
    ];
    await writeFile(path.join(folder.dir, "data/postmaster.pid"), `${lines.join("\n")}\n`);
    await writeFile(
      path.join(folder.dir, ".s.PGSQL.5432.lock"),
      `${lines.slice(0, 5).join("\n")}\n`,
    );
    const server = await startEmbedded({ dataDir: folder.dir, settings });
    expect(await ask(server, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.stop();
    expect(stranger.exitCode).toBeNull();
  } finally {
    stranger.kill("SIGKILL");
    await once(stranger, "exit");
  }
});

test("a second server does not push out one that is at work in the same folder", async () => {
  await using folder = await usedFolder();
  const first = await startEmbedded({ dataDir: folder.dir, settings });
  const pid = await pidOf(folder.dir);
  const second = startEmbedded({ dataDir: folder.dir, settings });
  for (let times = 0; times < 20; times++) await ask(first, "select pg_sleep(0.02)");
  expect(await pidOf(folder.dir)).toBe(pid);
  await first.stop();
  const server = await second;
  expect(await pidOf(folder.dir)).not.toBe(pid);
  await server.stop();
});

test("two servers of one process whose folders have long names are two", async () => {
  const long = "a-name-that-is-too-long-for-a-socket/".repeat(3);
  await using one = await usedFolder(long);
  await using two = await usedFolder(long);
  const servers = [
    await startEmbedded({ dataDir: one.dir, settings }),
    await startEmbedded({ dataDir: two.dir, settings }),
  ];
  const folders = await Promise.all(
    servers.map((server) => ask<{ data_directory: string }>(server, "show data_directory")),
  );
  const expected = await Promise.all([one, two].map(({ dir }) => realpath(path.join(dir, "data"))));
  expect(folders.map(([row]) => row?.data_directory)).toEqual(expected);
  for (const server of servers) await server.stop();
});

test("a server that is being started again when it is stopped does not stay behind", async () => {
  await using folder = await usedFolder();
  const ended = Promise.withResolvers<void>();
  const server = await startEmbedded({
    dataDir: folder.dir,
    settings,
    onRestart: () => ended.resolve(),
  });
  process.kill(await pidOf(folder.dir), "SIGKILL");
  await ended.promise;
  await server.stop();
  expect(await processesOf(folder.dir), "no server is left").toEqual([]);
});
