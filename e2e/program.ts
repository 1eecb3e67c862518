import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";

const entry =
  process.env.CLOUDPHONE_TEST_ENTRY ?? path.resolve(import.meta.dirname, "../bin/cloudphone.ts");

export interface Program {
  readonly pid: number;
  /** Resolves with the signal or exit code it ended with. */
  readonly ended: Promise<string>;
  /** The first line on standard output that begins with "{". */
  readonly ready: Promise<Record<string, unknown>>;
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the program as its own last arguments, in its own process: `unshare --mount --`. */
  readonly under?: readonly string[];
}

/** Starts one of the platform's programs as a person would, and keeps what it prints. */
export function startProgram(
  args: readonly string[],
  { env = {}, under = [] }: Surroundings = {},
): Program {
  const [command, ...rest] = [...under, process.execPath, entry, ...args];
  const child: ChildProcess = spawn(command as string, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ready = Promise.withResolvers<Record<string, unknown>>();
  ready.promise.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-100_000);
      const line = stream === child.stdout ? /^\{.*"ready":true.*\}$/m.exec(output)?.[0] : null;
      if (line) ready.resolve(JSON.parse(line) as Record<string, unknown>);
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      ready.reject(
        new Error(`ended before it was ready (${signal ?? code}): ${output.slice(-2000)}`),
      );
      resolve(signal ?? String(code));
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    ready: ready.promise,
    output: () => output,
    kill: (signal) => void child.kill(signal),
  };
}
