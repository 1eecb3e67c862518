import type { Out } from "./shell.ts";

const maxLineChars = 65_536;
const interrupt = "\x03";
const endOfInput = "\x04";

/** What a terminal's kernel side does to output: each line begins at the left. */
export const cooked =
  (out: Out): Out =>
  (bytes) =>
    out(Buffer.from(toLatin1(bytes).replaceAll(/\r?\n/g, "\r\n"), "latin1"));

/** Each byte a character: what is printed need not be text. */
const toLatin1 = (bytes: Buffer | string): string =>
  Buffer.from(bytes as string).toString("latin1");

/** What a terminal's kernel side does to what is typed: shows it, lets it be erased, and hands it over line by line. */
export async function* lines(keys: AsyncIterable<Buffer>, echo: Out): AsyncGenerator<Buffer> {
  let line = "";
  const text = new TextDecoder();
  for await (const chunk of keys)
    for (const key of text.decode(chunk, { stream: true })) {
      if (key === "\r" || key === "\n") {
        await echo("\r\n");
        yield Buffer.from(`${line}\n`);
        line = "";
      } else if (key === "\x7f" || key === "\b") {
        if (line !== "") await echo("\b \b");
        line = [...line].slice(0, -1).join("");
      } else if (key === interrupt) {
        await echo("^C\r\n");
        yield Buffer.from("\n");
        line = "";
      } else if (key === endOfInput) {
        if (line === "") return;
      } else if (key >= " " && line.length < maxLineChars) {
        line += key;
        await echo(key);
      }
    }
}
