import type { ShellCommand } from "../shell.ts";
import { appProcessCommands } from "./app-process.ts";
import { activityCommands } from "./activity.ts";
import { fileCommands } from "./files.ts";
import { find } from "./find.ts";
import { packageCommands } from "./packages.ts";
import { screenCommands } from "./screen.ts";
import { serviceCommands } from "./services.ts";
import { systemCommands } from "./system.ts";
import { textCommands } from "./text.ts";

/** Every command of the simulated phone's shell. */
export const shellCommands: ReadonlyMap<string, ShellCommand> = new Map(
  Object.entries({
    ...systemCommands,
    ...fileCommands,
    find,
    ...packageCommands,
    ...activityCommands,
    ...serviceCommands,
    ...screenCommands,
    ...textCommands,
    ...appProcessCommands,
  }),
);
