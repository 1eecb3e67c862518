import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import readline from "node:readline";
import type { ScreenKind } from "./scrcpy-stand-in-program.ts";

const startMs = 30_000;

/**
 * What plays scrcpy's server for one container: the simulated phone's, as a program in the container's network, where abstract sockets have their names. The
 * container's `app_process` asks it to begin; the real adbd of the container finds the sockets that it listens on.
 */
export class ScrcpyStandIn implements AsyncDisposable {
  readonly #program: ChildProcess;
  readonly #shown: ScreenKind[] = [];
  #onShown: () => void = () => undefined;

  private constructor(program: ChildProcess) {
    this.#program = program;
  }

  /** `pid`: a process of the container. Resolves once it can be asked. */
  static async start(pid: number): Promise<ScrcpyStandIn> {
    const file = new URL("scrcpy-stand-in-program.ts", import.meta.url).pathname;
    const command = ["--target", String(pid), "--net", process.execPath, file];
    const program = spawn("nsenter", command, { stdio: ["ignore", "pipe", "inherit"] });
    const standIn = new ScrcpyStandIn(program);
    const lines = readline.createInterface({ input: program.stdout });
    lines.on("line", (line) => {
      standIn.#shown.push(line as ScreenKind);
      standIn.#onShown();
    });
    await Promise.race([
      standIn.shows("home"),
      once(program, "exit").then(([code]) => {
        throw new Error(`the stand-in for scrcpy's server ended: ${String(code)}`);
      }),
    ]);
    return standIn;
  }

  /** Resolves once its screen shows, or has shown, this. */
  async shows(kind: ScreenKind): Promise<void> {
    const seen = Promise.withResolvers<void>();
    this.#onShown = () => this.#shown.includes(kind) && seen.resolve();
    this.#onShown();
    const late = setTimeout(
      () => seen.reject(new Error(`not ${kind}, but ${this.#shown.join(", ")}`)),
      startMs,
    );
    await seen.promise.finally(() => clearTimeout(late));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#program.exitCode !== null || this.#program.signalCode !== null) return;
    const ended = once(this.#program, "exit");
    this.#program.kill("SIGKILL");
    await ended;
  }
}
