import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";

/** Asks at the terminal; a hidden answer is not echoed. */
export async function ask(question: string, hidden = false): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Fault(
      "bad_input",
      `${question.replace(": ", "")} is missing and there is no terminal to ask at.`,
    );
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: hidden ? silent : process.stderr,
    terminal: true,
  });
  try {
    return (await terminal.question("")).trim();
  } finally {
    terminal.close();
    if (hidden) process.stderr.write("\n");
  }
}
