import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A real adb server of its own, on a port nobody else uses; for tests and development. */
export interface RealAdb extends AsyncDisposable {
  readonly port: number;
  /** Runs the adb binary against this server; resolves with what it printed, rejects with `code` when it fails. */
  adb(...args: string[]): Promise<{ stdout: Buffer; stderr: Buffer }>;
  /** Ends the server process, as the kernel would when memory is short. */
  kill(): Promise<void>;
}

/** Why tests with the real adb can't run here, or null. In CI its absence is a failure, not a reason to skip. */
export function realAdbMissing(): string | null {
  try {
    execFileSync("adb", ["version"], { stdio: "ignore", timeout: 10_000 });
    return null;
  } catch {
    if (process.env.CI === "true") throw new Error("The adb binary is needed: apt-get install adb");
    return "no adb binary here (apt-get install adb)";
  }
}

export async function startRealAdb(): Promise<RealAdb> {
  const port = await freePort();
  const call = async (...args: string[]): Promise<{ stdout: Buffer; stderr: Buffer }> =>
    run("adb", ["-P", String(port), ...args], {
      encoding: "buffer",
      maxBuffer: 64 * 1024 ** 2,
      timeout: 30_000,
    });
  await call("start-server");
  return {
    port,
    adb: call,
    kill: () => killServer(port),
    async [Symbol.asyncDispose]() {
      await call("kill-server").catch(() => undefined);
    },
  };
}

/** Finds the process that listens there by the socket it holds (/proc/net/tcp, /proc/PID/fd), and ends it and no other. */
async function killServer(port: number): Promise<void> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const listening = new RegExp(
    `:${port.toString(16).toUpperCase().padStart(4, "0")} \\S+ 0A (?:\\S+ ){5,}?\\s*(\\d+) `,
  );
  const rows = tables.flatMap((table) => table.split("\n"));
  const inodes = rows.map((row) => listening.exec(row.replaceAll(/\s+/g, " "))).filter((m) => m);
  const sockets = new Set(inodes.map((match) => `socket:[${match?.[1]}]`));
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(
      fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
    );
    if (links.some((link) => sockets.has(link))) process.kill(Number(pid), "SIGKILL");
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}
