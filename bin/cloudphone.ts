import { Command, CommanderError } from "commander";
import { allCommands } from "./commands/catalog.ts";
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
  .exitOverride();
for (const register of allCommands) register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportAndExitCode(error);
}
