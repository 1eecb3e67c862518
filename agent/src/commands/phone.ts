import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice, ShellResult } from "../adb/adb.ts";
import type { CommandContext } from "./runner.ts";

/** One phone's shell for the length of a command; every call ends at the command's deadline. */
export interface Phone {
  /** What the command printed, whatever its exit code. */
  ask(...args: string[]): Promise<ShellResult>;
  /**
   * What the command printed; `unsupported` when the phone has no such command, `device_failed` with the phone's own words when it failed in another
   * way.
   */
  run(...args: string[]): Promise<string>;
}

/** What sh, `cmd` and a service without a shell say of a command they do not have. */
const unknownCommand =
  /inaccessible or not found|: not found|Can't find service|No shell command implementation|Unknown (command|option)|unknown command/i;

/** Opens the phone for `work`, and closes it whatever comes. */
export async function withPhone<T>(
  { device, timeoutMs }: CommandContext,
  work: (phone: Phone, adb: AdbDevice) => Promise<T>,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  const adb = await device.openAdb();
  const ask: Phone["ask"] = (...args) =>
    adb.shell(args, { timeoutMs: Math.max(1, until - performance.now()) });
  const run: Phone["run"] = async (...args) => {
    const { output, exitCode } = await ask(...args);
    if (exitCode === 0 && !unknownCommand.test(firstLine(output))) return output;
    const code = unknownCommand.test(output) ? "unsupported" : "device_failed";
    throw new Fault(code, `The phone refused \`${args.join(" ")}\`: ${reasonIn(output)}`);
  };
  try {
    return await work({ ask, run }, adb);
  } finally {
    await adb.close();
  }
}

const firstLine = (output: string): string => output.trimStart().split(/\r?\n/)[0] ?? "";

/** The line that says why: of a Java stack trace the exception, else the first. */
function reasonIn(output: string): string {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const why = lines.find((line) => /Exception: |^Error: /.test(line)) ?? lines.find(Boolean);
  return (why ?? "it printed nothing").slice(0, 300);
}
