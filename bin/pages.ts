import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";

/** What `paged` adds to a command. */
export interface PageFlags {
  readonly last: string;
  readonly before?: string;
}

/** For a list that may be long: how many of the newest, and where to go on. */
export const paged = (command: Command): Command =>
  command
    .option("-n, --last <count>", "at most, the newest", "50")
    .option("--before <id>", "only those before that one");

/** What the hub is asked for. */
export const pageOf = ({ last, before }: PageFlags): { limit: number; before?: string } => ({
  limit: countOf(last),
  ...(before === undefined ? {} : { before }),
});

/** How many, as people write it. Pure; rejects what is no count. */
export function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Fault("bad_input", `${text} is no count: write a whole number, like 50.`);
  return count;
}

/** Says that there may be more than what was shown, and how to see it. Programs see it by the length of the list. */
export function tellEarlier(
  shown: readonly unknown[],
  flags: PageFlags,
  last: string | number | undefined,
): void {
  if (last !== undefined && shown.length === countOf(flags.last))
    process.stdout.write(`Earlier ones: --before ${last}\n`);
}
