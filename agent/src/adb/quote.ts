import { Fault } from "@cloudphone/shared/fault";
import type { ShellResult } from "./adb.ts";

/** One argument for sh: whatever is in it, the program gets it as it is. No program can be given a NUL character. */
export function quote(argument: string): string {
  if (argument.includes("\0"))
    throw new Fault(
      "bad_input",
      "An argument for the phone's shell must not hold a NUL character.",
    );
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** Parts what a command printed from the exit code behind the marker. Without one, the shell was cut off. */
export function splitOutput(printed: string, marker: string): ShellResult {
  const at = printed.lastIndexOf(marker);
  if (at === -1) throw new Fault("unavailable", "The connection to the phone broke off.");
  return {
    output: printed.slice(0, at),
    exitCode: Number.parseInt(printed.slice(at + marker.length), 10),
  };
}
