import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice } from "../../adb/adb.ts";
import { pinned, serverPathOnPhone } from "./server-file.ts";

export interface RunOptions {
  /** 31 bits, another one for each run: part of the socket's name on the phone. */
  readonly scid: number;
  /** The server's own, besides those that every run has (scrcpy 3.3.3, Options.java). */
  readonly words: Readonly<Record<string, string | number | boolean>>;
  /** What it is for, in the words of a failure. */
  readonly what: "screen" | "clipboard";
  readonly signal: AbortSignal;
}

const startMs = 10_000;
const retryMs = 30;
const lastLines = 12;

/** One run of scrcpy's server on a phone, and its sockets. The server's file must be on the phone (`pushServerFile`); the phone is left as it was. */
export class ServerRun {
  readonly #device: AdbDevice;
  readonly #options: RunOptions;
  readonly #streams: Duplex[] = [];
  readonly #log: string[] = [];
  readonly #ended = new AbortController();

  constructor(device: AdbDevice, options: RunOptions) {
    this.#device = device;
    this.#options = options;
  }

  /** Its output is kept for the words of a failure. */
  async start(): Promise<void> {
    const { scid, words, signal } = this.#options;
    const options = {
      log_level: "info",
      scid: scid.toString(16).padStart(8, "0"),
      tunnel_forward: true,
      cleanup: false,
      ...words,
    };
    const said = Object.entries(options).map(([key, value]) => `${key}=${value}`);
    const command = `CLASSPATH=${serverPathOnPhone} app_process / com.genymobile.scrcpy.Server ${pinned.version} ${said.join(" ")}`;
    const shell = await this.#device.open(`shell:${command}`, { timeoutMs: startMs, signal });
    this.#streams.push(shell);
    shell.on("data", (chunk: Buffer) => {
      const lines = chunk
        .toString("utf8")
        .split("\n")
        .filter((line) => line.trim() !== "");
      this.#log.push(...lines.map((line) => line.slice(0, 300)));
      this.#log.splice(0, this.#log.length - lastLines);
    });
    shell.once("close", () => this.#ended.abort());
    shell.once("end", () => this.#ended.abort());
  }

  /** Its next socket. Until the server listens, it is refused. */
  async connect(): Promise<Duplex> {
    const { scid, signal } = this.#options;
    const name = `localabstract:scrcpy_${scid.toString(16).padStart(8, "0")}`;
    const until = performance.now() + startMs;
    for (;;) {
      try {
        const socket = await this.#device.open(name, { timeoutMs: startMs, signal });
        this.#streams.push(socket);
        return socket;
      } catch (error) {
        signal.throwIfAborted();
        if (this.#ended.signal.aborted || performance.now() > until) throw error;
        await delay(retryMs);
      }
    }
  }

  close(): void {
    for (const stream of this.#streams.splice(0)) stream.destroy();
  }

  /** The same failure in the server's own words, where it left some. */
  explain(error: unknown): Fault {
    const { what } = this.#options;
    const said = this.#log.findLast((line) => line.includes("ERROR") || line.startsWith("Error"));
    if (said)
      return new Fault("device_failed", `The phone's ${what} could not be opened: ${said}`, {
        cause: error,
      });
    if (error instanceof Fault) return error;
    const why = error instanceof Error ? error.message : String(error);
    return new Fault("device_failed", `The phone's ${what} ended: ${why}.`, { cause: error });
  }
}
