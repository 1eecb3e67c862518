/**
 * The part of sh that adb clients use: words with quotes, `$?` and `$NAME`, `;` `&&` `||` `&`, redirections (files are accepted and ignored but for /dev/null),
 * and `while … do … done`, of which the boot wait is made. Pure.
 */
export type Joint = ";" | "&&" | "||";

export interface SimpleCommand {
  readonly words: readonly string[];
  /** How the next command depends on this one. */
  readonly joint: Joint;
  readonly dropOutput: boolean;
}

type Token = { word: string; quoted: boolean } | { op: string };

export function tokenize(line: string): Token[] {
  const tokens: Token[] = [];
  let word = "";
  let open = false;
  let quoted = false;
  const close = (): void => {
    if (open) tokens.push({ word, quoted });
    word = "";
    open = false;
    quoted = false;
  };
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? "";
    if (char === "'") {
      const end = line.indexOf("'", at + 1);
      word += line.slice(at + 1, end === -1 ? undefined : end).replaceAll("$", "\0");
      at = end === -1 ? line.length : end;
      open = quoted = true;
    } else if (char === '"') {
      open = quoted = true;
      for (at++; at < line.length && line[at] !== '"'; at++) {
        if (line[at] === "\\" && /["\\$`]/.test(line[at + 1] ?? "")) word += escaped(line[++at]);
        else word += line[at];
      }
    } else if (char === "\\") {
      word += escaped(line[++at]);
      open = true;
    } else if (/\s/.test(char)) {
      close();
      if (char === "\n") tokens.push({ op: ";" });
    } else if (";&|".includes(char)) {
      close();
      const double = line[at + 1] === char && char !== ";";
      tokens.push({ op: double ? char + char : char });
      if (double) at++;
    } else if (char === ">" && /^[12]?$/.test(word)) {
      word = "";
      open = false;
      while (">&".includes(line[at + 1] ?? " ")) at++;
      while (line[at + 1] === " ") at++;
      let target = "";
      while (at + 1 < line.length && !/[\s;&|]/.test(line[at + 1] ?? "")) target += line[++at];
      tokens.push({ op: `>${target}` });
    } else {
      word += char;
      open = true;
    }
  }
  close();
  return tokens;
}

// A dollar that must stay one is kept as NUL until variables have been filled in.
const escaped = (char = ""): string => (char === "$" ? "\0" : char);

/** Fills in `$?` and `$NAME`. */
export const expand = (word: string, variables: Readonly<Record<string, string>>): string =>
  word
    .replace(/\$(\?|\w+|\{\w+\})/g, (_, name: string) => variables[name.replace(/[{}]/g, "")] ?? "")
    .replaceAll("\0", "$");

export function parseCommands(line: string): SimpleCommand[] {
  const commands: SimpleCommand[] = [];
  let words: string[] = [];
  let dropOutput = false;
  const push = (joint: Joint): void => {
    if (words.length > 0) commands.push({ words, joint, dropOutput });
    words = [];
    dropOutput = false;
  };
  for (const token of tokenize(line)) {
    if ("word" in token) words.push(token.word);
    else if (token.op === "&&" || token.op === "||") push(token.op);
    else if (token.op.startsWith(">"))
      dropOutput ||= token.op === ">/dev/null" && !line.includes("2>");
    else push(";");
  }
  push(";");
  return commands;
}
