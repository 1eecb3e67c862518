import type { ShellCommand, ShellContext } from "../shell.ts";

const maxInputBytes = 16 * 1024 ** 2;

/** The lines that a pipe brings. */
async function lines({ stdin }: ShellContext): Promise<string[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (let chunk = await stdin.some(); chunk; chunk = await stdin.some()) {
    bytes += chunk.length;
    if (bytes > maxInputBytes) break;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** `-n 5`, `-5`, or ten. */
function count(args: readonly string[]): number {
  const at = args.indexOf("-n");
  const number = at === -1 ? args[0]?.replace(/^-/, "") : args[at + 1];
  return Math.max(0, Number(number ?? 10) || 10);
}

/** The patterns: after each -e, or the first word. Escapes are taken as the sign itself. */
function patterns(args: readonly string[]): string[] {
  const named = args.flatMap((arg, at) => (arg === "-e" ? [args[at + 1] ?? ""] : []));
  const first = args.find((arg) => !arg.startsWith("-")) ?? "";
  return (named.length > 0 ? named : [first]).map((text) => text.replace(/\\(.)/g, "$1"));
}

/** What stands behind a pipe at an adb prompt: `pm list packages | grep camera`. Patterns are plain text. */
export const textCommands: Record<string, ShellCommand> = {
  grep: async (context) => {
    const flags = context.args.filter((arg) => arg.startsWith("-")).join("");
    const fold = (text: string): string => (flags.includes("i") ? text.toLowerCase() : text);
    const wanted = patterns(context.args).map(fold);
    const fits = (line: string): boolean => wanted.some((text) => fold(line).includes(text));
    const all = await lines(context);
    const hits = all.filter((line) => fits(line) !== flags.includes("v"));
    if (flags.includes("c")) await context.out(`${hits.length}\n`);
    else if (!flags.includes("q")) for (const line of hits) await context.out(`${line}\n`);
    return hits.length > 0 ? 0 : 1;
  },
  head: async (context) => {
    for (const line of (await lines(context)).slice(0, count(context.args)))
      await context.out(`${line}\n`);
    return 0;
  },
  tail: async (context) => {
    for (const line of (await lines(context)).slice(-count(context.args)))
      await context.out(`${line}\n`);
    return 0;
  },
  wc: async (context) => {
    await context.out(`${(await lines(context)).length}\n`);
    return 0;
  },
};
