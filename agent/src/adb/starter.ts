import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbServer } from "./adb.ts";

const run = promisify(execFile);
const startMs = 10_000;
/** A server that lived this long did not end for the reason it was started for. */
const steadyMs = 20_000;
const backoff = { firstMs: 250, longestMs: 30_000 };

/** How long to wait before the next start of a server that was started `starts` times and never lived long. Pure. */
export const pauseBeforeStart = (starts: number): number =>
  starts < 2 ? 0 : Math.min(backoff.firstMs * 2 ** (starts - 2), backoff.longestMs);

/**
 * Starts the adb server when it is not there: once, however many calls find it missing at the same time, and with growing pauses when it keeps
 * ending, so that a host with a broken adb is not kept busy by it.
 */
export class ServerStarter {
  readonly #server: AdbServer;
  #underWay: Promise<void> | null = null;
  #closed = false;
  #starts = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(server: AdbServer) {
    this.#server = server;
  }

  start(): Promise<void> {
    this.#underWay ??= this.#start().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  /** From now on nothing is started; resolves when no start is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#underWay?.catch(() => undefined);
  }

  async #start(): Promise<void> {
    const { bin, port } = this.#server;
    if (this.#closed) throw new Fault("unavailable", "The agent has let go of its adb server.");
    if (bin === null)
      throw new Fault("unavailable", `No adb server answers on port ${port} of this host.`);
    const sinceMs = performance.now() - this.#lastMs;
    if (sinceMs > steadyMs) this.#starts = 0;
    const leftMs = pauseBeforeStart(this.#starts) - sinceMs;
    if (leftMs > 0)
      throw new Fault(
        "unavailable",
        `The adb server keeps ending; it is started again in ${Math.ceil(leftMs / 1000)} s.`,
      );
    this.#starts++;
    this.#lastMs = performance.now();
    try {
      await run(bin, ["-P", String(port), "start-server"], { timeout: startMs });
    } catch (cause) {
      const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
      throw new Fault(
        "unavailable",
        missing
          ? `There is no ${bin} on this host: install it with \`apt-get install adb\`.`
          : `The adb server could not be started: ${firstLine(cause)}`,
        { cause },
      );
    }
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n").slice(0, 2).join(" ");
