import { Command, CommanderError, Option } from "commander";
import { tuneCollector } from "./collector.ts";
import { commandsFor } from "./commands/catalog.ts";
import { reportAndExitCode } from "./output.ts";

/** The command line: `cloudphone <command>`; see `cloudphone --help`. */
const program = new Command("cloudphone")
  .description("rent and run Android phones that are somewhere else")
  .option(
    "--url <url>",
    "the hub's address (default: where you signed in, or http://127.0.0.1:30000)",
  )
  .option("--json", "print JSON for programs instead of tables")
  .enablePositionalOptions()
  .exitOverride()
  .hook("preAction", tuneCollector);
const files = commandsFor(process.argv.slice(2));
for (const register of await Promise.all(files.map(({ load }) => load()))) register(program);
understandGlobals(program);
tellOfHelp(program, program.name());

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportAndExitCode(error);
}

/** One line also for what can't be understood, and where to look. */
function tellOfHelp(command: Command, called: string): void {
  command.configureOutput({
    outputError: (text, write) =>
      write(`${text.trim().replaceAll("\n", " ")}; see \`${called} --help\`.\n`),
  });
  for (const part of command.commands) tellOfHelp(part, `${called} ${part.name()}`);
}

/** `--url` and `--json` are understood behind a command's name as well as before it: with positional options, each command needs its own. */
function understandGlobals(parent: Command): void {
  for (const command of parent.commands) {
    for (const flags of ["--url <url>", "--json"]) {
      const option = new Option(flags).hideHelp();
      if (!command.options.some(({ long }) => long === option.long)) command.addOption(option);
    }
    understandGlobals(command);
  }
}
