import { Fault, faultCodes, isFaultCode } from "@cloudphone/shared/fault";
import { TRPCClientError } from "@trpc/client";
import Table from "cli-table3";

/** Prints rows for people, or exactly as they are for programs. */
export function print(
  data: unknown,
  options: { json: boolean; rows?: readonly Record<string, string>[]; empty?: string },
): void {
  if (options.json || !options.rows) {
    process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `${options.rows.length === 0 ? (options.empty ?? "Nothing here.") : table(options.rows)}\n`,
  );
}

/** A table with the rows' keys as its head. */
function table(rows: readonly Record<string, string>[]): string {
  const head = Object.keys(rows[0] ?? {});
  const drawn = new Table({
    head,
    style: { head: [], border: [], compact: true },
    chars: {
      "top-left": "",
      "top-right": "",
      "bottom-left": "",
      "bottom-right": "",
      top: "",
      bottom: "",
      left: "",
      right: "",
      mid: "",
      "left-mid": "",
      "mid-mid": "",
      "right-mid": "",
      "top-mid": "",
      "bottom-mid": "",
      middle: "  ",
    },
  });
  for (const row of rows) drawn.push(head.map((key) => clean(row[key] ?? "")));
  return drawn.toString();
}

/** Names come from outside: control characters must not reach a terminal. */
export const clean = (text: string): string => text.replace(/\p{Cc}/gu, "?");

/** One line on standard error that says what to do next, and the exit code that goes with it. */
export function reportAndExitCode(error: unknown): number {
  const { message, code } = explain(error);
  process.stderr.write(`error: ${clean(message)}\n`);
  return faultCodes[code].exit;
}

/** What went wrong, in words for a person. */
export function explain(error: unknown): { message: string; code: keyof typeof faultCodes } {
  if (error instanceof Fault) return { message: error.message, code: error.code };
  if (error instanceof TRPCClientError) {
    const fault = String((error.data as { fault?: unknown } | null | undefined)?.fault ?? "");
    if (isFaultCode(fault)) return { message: error.message, code: fault };
    return {
      message: `The hub can't be reached (${error.message}); start it with \`npm start\`, or name another with --url.`,
      code: "unavailable",
    };
  }
  return { message: error instanceof Error ? error.message : String(error), code: "internal" };
}
