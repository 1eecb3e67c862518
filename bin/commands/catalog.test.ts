import { Command } from "commander";
import { expect, test } from "vitest";
import { allCommands, commandsFor } from "./catalog.ts";

test.each(allCommands)(
  "the file of $names registers these and no others",
  async ({ names, load }) => {
    const program = new Command().enablePositionalOptions();
    (await load())(program);
    expect(program.commands.map((command) => command.name())).toEqual(names);
  },
);

test("only the file of the command that was typed is read", () => {
  const named = (...words: string[]) => commandsFor(words).map(({ names }) => names[0]);
  expect(named("orders", "list")).toEqual(["orders"]);
  expect(named("--json", "--url", "devices", "orders")).toEqual(["orders"]);
  expect(named("--url=http://here", "devices", "orders")).toEqual(["devices"]);
});

test.each([[[]], [["--help"]], [["help", "orders"]], [["no-such"]]])(
  "for %j every file is read",
  (words) => {
    expect(commandsFor(words)).toBe(allCommands);
  },
);
