import { visible } from "../../ui/visible.ts";

/** Levels of Android's log, the least first, as logcat writes them. */
export const logLevels = ["V", "D", "I", "W", "E", "F"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogLine {
  readonly id: number;
  readonly text: string;
  /** Null: it is no line of logcat's threadtime form, as "--------- beginning of main". */
  readonly level: LogLevel | null;
}

/** Lines that are kept; older ones are let go. */
export const keptLines = 5000;
const maxLineChars = 4096;
const threadtime = /^[\d-]+ [\d:.]+ +\d+ +\d+ ([VDIWEF]) /;

/** What a phone logs, as lines of text. Memory is bounded: the newest lines, each cut at 4,096 characters. */
export class LogLines {
  #lines: LogLine[] = [];
  #rest = "";
  #nextId = 0;

  get all(): readonly LogLine[] {
    return this.#lines;
  }

  /** Bytes as text, in pieces of any size. */
  push(piece: string): void {
    const [first = "", ...more] = piece.split("\n");
    this.#rest = (this.#rest + first).slice(0, maxLineChars);
    for (const next of more) {
      this.#add(this.#rest);
      this.#rest = next.slice(0, maxLineChars);
    }
    if (this.#lines.length > keptLines) this.#lines = this.#lines.slice(-keptLines);
  }

  clear(): void {
    this.#lines = [];
  }

  #add(raw: string): void {
    const text = visible(raw.replace(/\r$/, ""));
    const level = (threadtime.exec(text)?.[1] ?? null) as LogLevel | null;
    this.#lines.push({ id: this.#nextId++, text, level });
  }
}

/** What is shown of them: of that level or a higher one, with that text in it. */
export function filtered(
  lines: readonly LogLine[],
  { least, words }: { least: LogLevel; words: string },
): readonly LogLine[] {
  const from = logLevels.indexOf(least);
  const sought = words.toLowerCase();
  if (from === 0 && sought === "") return lines;
  return lines.filter(
    ({ level, text }) =>
      (from === 0 || (level !== null && logLevels.indexOf(level) >= from)) &&
      text.toLowerCase().includes(sought),
  );
}
