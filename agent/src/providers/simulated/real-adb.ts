import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A real adb server of its own, on a port nobody else uses; for tests and development. */
export interface RealAdb extends AsyncDisposable {
  readonly port: number;
  /** Runs the adb binary against this server; resolves with what it printed, rejects with `code` when it fails. */
  adb(...args: string[]): Promise<{ stdout: Buffer; stderr: Buffer }>;
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
    async [Symbol.asyncDispose]() {
      await call("kill-server").catch(() => undefined);
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}
