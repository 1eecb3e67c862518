import { setImmediate as nextTurn } from "node:timers/promises";
import { ByteReader } from "../../byte-reader.ts";
import { absolute, isDirectory } from "./commands/files.ts";
import { shellCommands } from "./commands/catalog.ts";
import type { SimPhone } from "./phone.ts";
import { aborted } from "./service.ts";
import { type Command, expand, parseShell, type Redirect, type Step } from "./shell-parser.ts";
import type { Out, ShellContext } from "./shell.ts";

/** A line may print as much into a pipe or a file; the rest is dropped. */
const maxPipedBytes = 16 * 1024 ** 2;

export interface ShellStreams {
  readonly out: Out;
  readonly err: Out;
  readonly stdin: ByteReader;
  readonly signal: AbortSignal;
}

/** Runs lines of shell on a phone; one object is one shell, with its variables. */
export class Interpreter {
  readonly #phone: SimPhone;
  readonly #variables = new Map([
    ["?", "0"],
    ["HOME", "/"],
    ["PATH", "/system/bin"],
    ["EXTERNAL_STORAGE", "/sdcard"],
  ]);
  /** Set by `exit`: nothing runs after it. */
  ended = false;

  constructor(phone: SimPhone) {
    this.#phone = phone;
  }

  /** Resolves with the exit code of the last command. */
  async run(line: string, streams: ShellStreams): Promise<number> {
    if (this.#phone.knobs.hangShell || this.#phone.hung) {
      await aborted(streams.signal);
      return 1;
    }
    const code = await this.#list(parseShell(line), streams);
    this.#phone.keepDisk();
    return code;
  }

  async #list(steps: readonly Step[], streams: ShellStreams): Promise<number> {
    let code = 0;
    for (const { when, negated, pipeline } of steps) {
      if (streams.signal.aborted) return 130;
      if (this.ended) return code;
      if (when !== "always" && (code === 0) !== (when === "succeeded")) continue;
      code = await this.#pipeline(pipeline, streams);
      if (negated && !this.ended) code = code === 0 ? 1 : 0;
      this.#variables.set("?", String(code));
    }
    return code;
  }

  /** One after another: what a command has printed is the next one's input once it has ended. */
  async #pipeline(commands: readonly Command[], streams: ShellStreams): Promise<number> {
    let code = 0;
    let { stdin } = streams;
    for (const [index, command] of commands.entries()) {
      if (index === commands.length - 1) return this.#command(command, { ...streams, stdin });
      const kept = keep();
      code = await this.#command(command, { ...streams, stdin, out: kept.out });
      stdin = readerOf(kept.bytes());
    }
    return code;
  }

  async #command(command: Command, streams: ShellStreams): Promise<number> {
    if (command.kind === "simple") return this.#simple(command, streams);
    if (command.kind === "if") {
      const chosen = (await this.#list(command.condition, streams)) === 0;
      return this.#list(chosen ? command.body : command.otherwise, streams);
    }
    let code = 0;
    while (
      !streams.signal.aborted &&
      !this.ended &&
      ((await this.#list(command.condition, streams)) === 0) !== command.until
    ) {
      code = await this.#list(command.body, streams);
      // A loop that never waits must not hold up everything else in this process.
      await nextTurn();
    }
    return code;
  }

  async #simple(
    { words, redirects }: Extract<Command, { kind: "simple" }>,
    outer: ShellStreams,
  ): Promise<number> {
    const texts = words
      .map((word) => ({ ...word, text: expand(word.text, this.#variables) }))
      .filter(({ text, quoted }) => quoted || text !== "")
      .map(({ text }) => text);
    const { streams, finish } = this.#redirect(redirects, outer);
    while (texts[0] === "exec" || texts[0] === "export" || /^\w+=/.test(texts[0] ?? "")) {
      const [name = "", value = ""] = (texts.shift() ?? "").split(/=(.*)/s);
      if (name !== "exec" && name !== "export") this.#variables.set(name, value);
    }
    const [name, ...args] = texts;
    if (name === undefined) return finish(0);
    return finish(await this.#call(name, args, streams));
  }

  async #call(name: string, args: readonly string[], streams: ShellStreams): Promise<number> {
    if (name === "exit") {
      this.ended = true;
      return Number(args[0] ?? this.#variables.get("?")) || 0;
    }
    if (name === "[" || name === "test") return this.#test(args.filter((arg) => arg !== "]"));
    if (name === "sh" && args[0] === "-c")
      return new Interpreter(this.#phone).run(args[1] ?? "", streams);
    const run = shellCommands.get(name.replace(/^\/system\/bin\//, ""));
    if (run) {
      const context: ShellContext = {
        phone: this.#phone,
        args,
        variables: this.#variables,
        ...streams,
      };
      return run(context);
    }
    await streams.err(`/system/bin/sh: ${name}: inaccessible or not found\n`);
    return 127;
  }

  #test(args: readonly string[]): number {
    if (args[0] === "!") return this.#test(args.slice(1)) === 0 ? 1 : 0;
    const [first = "", operator = "", second = ""] = args;
    const { files } = this.#phone.disk;
    const checks: Record<string, () => boolean> = {
      "-f": () => files.has(absolute(operator)),
      "-d": () => isDirectory(this.#phone.disk, operator),
      "-e": () => files.has(absolute(operator)) || isDirectory(this.#phone.disk, operator),
      "-z": () => operator === "",
      "-n": () => operator !== "",
      "=": () => first === second,
      "==": () => first === second,
      "!=": () => first !== second,
      "-eq": () => Number(first) === Number(second),
      "-ne": () => Number(first) !== Number(second),
      "-gt": () => Number(first) > Number(second),
      "-lt": () => Number(first) < Number(second),
    };
    const check = checks[args.length === 2 ? first : operator];
    return (check ? check() : first !== "") ? 0 : 1;
  }

  /** The command's streams, and what to do when it has ended: files are written then. */
  #redirect(
    redirects: readonly Redirect[],
    outer: ShellStreams,
  ): { streams: ShellStreams; finish: (code: number) => number } {
    let { out, err, stdin } = outer;
    const { files } = this.#phone.disk;
    const writes: (() => void)[] = [];
    for (const { fd, mode, target } of redirects) {
      const name = expand(target.text, this.#variables);
      if (mode === "read") {
        stdin = readerOf(files.get(absolute(name)) ?? Buffer.alloc(0));
        continue;
      }
      let to: Out = () => Promise.resolve();
      if (mode === "copy") to = name === "2" ? err : out;
      else if (name !== "/dev/null") {
        const before = mode === "append" ? (files.get(absolute(name)) ?? null) : null;
        const kept = keep(before);
        writes.push(() => void this.#phone.writeFile(absolute(name), kept.bytes()));
        to = kept.out;
      }
      if (fd === 2) err = to;
      else out = to;
    }
    const finish = (code: number): number => {
      for (const write of writes) write();
      return code;
    };
    return { streams: { ...outer, out, err, stdin }, finish };
  }
}

function keep(before: Buffer | null = null): { out: Out; bytes(): Buffer } {
  const chunks: Buffer[] = before ? [before] : [];
  let total = 0;
  return {
    out: async (bytes) => {
      const chunk = Buffer.from(bytes as string);
      total += chunk.length;
      if (total <= maxPipedBytes) chunks.push(chunk);
      await Promise.resolve();
    },
    bytes: () => Buffer.concat(chunks),
  };
}

function readerOf(bytes: Buffer): ByteReader {
  async function* once(): AsyncGenerator<Buffer> {
    if (bytes.length > 0) yield await Promise.resolve(bytes);
  }
  return new ByteReader(once());
}
