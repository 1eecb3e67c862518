/**
 * The part of sh that adb clients and people at an adb prompt use: words with quotes and `$NAME`, `;` `&&` `||` `|` `!`, redirections,
 * `while`, `until` and `if`. Pure. What it can't read it takes as words, as a phone that prints "not found" would.
 */
export interface Word {
  /** Quotes taken away; a dollar that stays one is NUL. */
  readonly text: string;
  /** A quoted word stays a word when it is empty. */
  readonly quoted: boolean;
}

export interface Redirect {
  readonly fd: number;
  readonly mode: "read" | "write" | "append" | "copy";
  readonly target: Word;
}

export type Command =
  | { readonly kind: "simple"; readonly words: Word[]; readonly redirects: Redirect[] }
  | {
      readonly kind: "loop";
      readonly until: boolean;
      readonly condition: Step[];
      readonly body: Step[];
    }
  | {
      readonly kind: "if";
      readonly condition: Step[];
      readonly body: Step[];
      readonly otherwise: Step[];
    };

/** One pipeline, and whether it runs after the one before it ended so or so. */
export interface Step {
  readonly when: "always" | "succeeded" | "failed";
  readonly negated: boolean;
  readonly pipeline: Command[];
}

type Token =
  | ({ readonly kind: "word" } & Word)
  | { readonly kind: "op"; readonly op: string }
  | { readonly kind: "redirect"; readonly fd: number; readonly mode: Redirect["mode"] };

export function parseShell(line: string): Step[] {
  const parser = new Parser(tokenize(line));
  return parser.list([]);
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  /** Steps until one of the closing words, which is taken, or the end. */
  list(closing: readonly string[]): Step[] {
    const steps: Step[] = [];
    let when: Step["when"] = "always";
    while (this.#at < this.#tokens.length) {
      const op = this.#op();
      if (op !== null) {
        this.#at++;
        if (op === "&&" || op === "||") when = op === "&&" ? "succeeded" : "failed";
        else if (op !== "|") when = "always";
        continue;
      }
      if (closing.includes(this.#keyword() ?? "")) return steps;
      const negated = this.#keyword() === "!";
      if (negated) this.#at++;
      steps.push({ when, negated, pipeline: this.#pipeline() });
    }
    return steps;
  }

  #pipeline(): Command[] {
    const commands = [this.#command()];
    while (this.#op() === "|") {
      this.#at++;
      commands.push(this.#command());
    }
    return commands;
  }

  #command(): Command {
    const keyword = this.#keyword();
    if (keyword === "while" || keyword === "until") {
      this.#at++;
      const condition = this.#until("do");
      return { kind: "loop", until: keyword === "until", condition, body: this.#until("done") };
    }
    if (keyword === "if") {
      this.#at++;
      const condition = this.#until("then");
      const body = this.list(["else", "fi"]);
      const more = this.#keyword() === "else";
      this.#at++;
      return { kind: "if", condition, body, otherwise: more ? this.#until("fi") : [] };
    }
    return this.#simple();
  }

  #until(closing: string): Step[] {
    const steps = this.list([closing]);
    this.#at++;
    return steps;
  }

  #simple(): Command {
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at];
      if (!token || token.kind === "op") break;
      if (token.kind === "word") words.push(token);
      else {
        const target = this.#tokens[this.#at + 1];
        if (target?.kind !== "word") continue;
        redirects.push({ fd: token.fd, mode: token.mode, target });
        this.#at++;
      }
    }
    return { kind: "simple", words, redirects };
  }

  #op(): string | null {
    const token = this.#tokens[this.#at];
    return token?.kind === "op" ? token.op : null;
  }

  #keyword(): string | null {
    const token = this.#tokens[this.#at];
    return token?.kind === "word" && !token.quoted ? token.text : null;
  }
}

// Sticky: each is tried at one place of the line.
const patterns = {
  space: /[ \t\r]+/y,
  op: /&&|\|\||[;&|\n]/y,
  redirect: /(\d?)(>>|>&|>|<)/y,
  single: /'([^']*)(?:'|$)/y,
  double: /"((?:[^"\\]|\\.?)*)(?:"|$)/sy,
  escape: /\\(.?)/sy,
  plain: /[^\s;&|<>'"\\]+/y,
};

const keepDollars = (text: string): string => text.replaceAll("$", "\0");

function tokenize(line: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let word: { text: string; quoted: boolean } | null = null;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found) at += found[0].length;
    return found;
  };
  const add = (text: string, quoted: boolean): void => {
    word = { text: (word?.text ?? "") + text, quoted: quoted || (word?.quoted ?? false) };
  };
  const close = (): void => {
    if (word) tokens.push({ kind: "word", ...word });
    word = null;
  };
  while (at < line.length) {
    let found = word ? null : match(patterns.redirect);
    found ??= /[<>]/.test(line[at] ?? "") ? match(patterns.redirect) : null;
    if (found) {
      close();
      const sign = found[2] ?? "";
      const mode = ({ ">>": "append", ">&": "copy", "<": "read" } as const)[sign] ?? "write";
      tokens.push({ kind: "redirect", fd: Number(found[1] || (mode === "read" ? 0 : 1)), mode });
    } else if ((found = match(patterns.op))) {
      close();
      tokens.push({ kind: "op", op: found[0] === "\n" ? ";" : found[0] });
    } else if (match(patterns.space)) close();
    else if ((found = match(patterns.single))) add(keepDollars(found[1] ?? ""), true);
    else if ((found = match(patterns.double)))
      add(
        (found[1] ?? "").replace(/\\(["\\$`])/g, (_, char: string) => keepDollars(char)),
        true,
      );
    else if ((found = match(patterns.escape))) add(keepDollars(found[1] ?? ""), true);
    else if ((found = match(patterns.plain))) add(found[0], false);
    else at++;
  }
  close();
  return tokens;
}

/** Fills in `$?` and `$NAME`. */
export const expand = (text: string, variables: ReadonlyMap<string, string>): string =>
  text
    .replace(
      /\$(\?|\w+|\{\w+\})/g,
      (_, name: string) => variables.get(name.replace(/[{}]/g, "")) ?? "",
    )
    .replaceAll("\0", "$");
