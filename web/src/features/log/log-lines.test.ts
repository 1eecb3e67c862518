import { describe, expect, it } from "vitest";
import { filtered, keptLines, LogLines } from "./log-lines.ts";

const line = (level: string, words: string) =>
  `11-25 09:00:00.123  1000  1001 ${level} tag: ${words}`;

describe("a phone's log in the page", () => {
  it("comes together from pieces of any size, and tells each line's level", () => {
    const log = new LogLines();
    for (const piece of [
      "--------- beginning of main\n",
      line("E", "a").slice(0, 9),
      line("E", "a").slice(9),
      "\n",
      "unfinished",
    ])
      log.push(piece);
    expect(log.all.map(({ text, level }) => [text, level])).toEqual([
      ["--------- beginning of main", null],
      [line("E", "a"), "E"],
    ]);
  });

  it("keeps the newest lines only, and the beginning of one that is too long", () => {
    const log = new LogLines();
    log.push("x".repeat(10_000));
    log.push(`${"y".repeat(10_000)}\n`);
    expect(log.all[0]?.text).toBe("x".repeat(4096));
    for (let count = 0; count < keptLines; count++) log.push(`${count}\n`);
    expect(log.all.length).toBe(keptLines);
    expect(log.all.at(-1)).toMatchObject({ text: String(keptLines - 1) });
    expect(new Set(log.all.map(({ id }) => id)).size).toBe(keptLines);
  });

  it("is narrowed by level and by words, whatever their case", () => {
    const log = new LogLines();
    log.push(`${line("D", "Alpha")}\n${line("W", "beta")}\n${line("F", "ALPHA")}\nplain\n`);
    const shown = (least: "V" | "W", words: string) =>
      filtered(log.all, { least, words }).map(({ text }) => text);
    expect(shown("V", "")).toHaveLength(4);
    expect(shown("W", "")).toEqual([line("W", "beta"), line("F", "ALPHA")]);
    expect(shown("V", "alpha")).toEqual([line("D", "Alpha"), line("F", "ALPHA")]);
  });
});
