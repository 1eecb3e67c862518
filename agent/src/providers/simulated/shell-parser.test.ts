import { describe, expect, it } from "vitest";
import { quote } from "../../adb/open.ts";
import { expand, parseCommands } from "./shell-parser.ts";

const words = (line: string): string[][] =>
  parseCommands(line).map((command) =>
    command.words.map((word) => expand(word, { "?": "7", A: "b" })),
  );

describe("the simulated phone's shell", () => {
  it.each([
    ["echo a  b", [["echo", "a", "b"]]],
    ["echo 'a  b' \"c d\"", [["echo", "a  b", "c d"]]],
    ["echo ''", [["echo", ""]]],
    ["echo a\\ b", [["echo", "a b"]]],
    ["echo $? $A ${A}", [["echo", "7", "b", "b"]]],
    ["echo \"$A\" '$A' \\$A", [["echo", "b", "$A", "$A"]]],
    ["a; b && c || d", [["a"], ["b"], ["c"], ["d"]]],
    ["a\nb", [["a"], ["b"]]],
    ["echo 'a; b && c'", [["echo", "a; b && c"]]],
    ["rm x 2>/dev/null", [["rm", "x"]]],
    ["   ", []],
  ])("reads %j", (line, commands) => {
    expect(words(line)).toEqual(commands);
  });

  it("tells how commands hang together", () => {
    expect(parseCommands("a && b || c; d").map(({ joint }) => joint)).toEqual([
      "&&",
      "||",
      ";",
      ";",
    ]);
  });

  it("drops what goes to /dev/null", () => {
    expect(parseCommands("a >/dev/null; b").map(({ dropOutput }) => dropOutput)).toEqual([
      true,
      false,
    ]);
  });

  it.each([
    "a'b; reboot",
    "$(reboot)",
    "`reboot`",
    "a\nb",
    "",
    '"',
    "\\",
    "$HOME",
    "a && b",
    "> x",
  ])("takes %j, quoted by the adb edge, for one word", (argument) => {
    expect(words(`echo ${quote(argument)}`)).toEqual([["echo", argument]]);
  });
});
