import { Readable } from "node:stream";
import { quote } from "@cloudphone/agent/adb/quote";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { commandLine, runShell, type Terminal, type Window } from "../shell-v2.ts";
import { withPhone } from "../tunnel.ts";

/** What is done inside a phone, over the relay; no adb is needed for it. */
export const phoneCommands = (program: Command): void => {
  program
    .command("shell")
    .description("a shell in a phone, or one command; its exit code is passed on")
    .argument("<device>")
    .argument("[command...]")
    .passThroughOptions()
    .action((device: string, words: string[], _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        // Whoever knows ssh writes "--" before what is the other side's.
        const line = commandLine(words[0] === "--" ? words.slice(1) : words);
        process.exitCode = await withPhone(hub, device, (phone) =>
          line === ""
            ? raw((terminal) => runShell(phone, "", terminal))
            : runShell(phone, line, pipes()),
        );
      }),
    );
  program
    .command("logcat")
    .description("what a phone has logged, and with -f what it logs from now on")
    .argument("<device>")
    .argument("[filter...]", "as logcat takes it: TAG:LEVEL, *:E, -b crash")
    .option("-f, --follow", "go on")
    .allowUnknownOption()
    .action((device: string, filter: string[], flags: { follow?: boolean }, command: Command) =>
      withHub(command, async (hub) => {
        const words = ["logcat", ...(flags.follow ? [] : ["-d"]), ...filter].map(quote);
        process.exitCode = await withPhone(hub, device, (phone) =>
          runShell(phone, commandLine(words), nothing()),
        );
      }),
    );
};

const nothing = (): Terminal => ({ ...pipes(), input: Readable.from([]) });

const pipes = (): Terminal => ({
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
});

/** The terminal gives every key as it is while the shell runs: Ctrl-C is for the phone. */
async function raw<T>(work: (terminal: Terminal) => Promise<T>): Promise<T> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return work(pipes());
  const window: Window = {
    name: /^[\w.+-]{1,50}$/.test(process.env.TERM ?? "") ? (process.env.TERM ?? "") : "xterm",
    size: () => ({ rows: stdout.rows, columns: stdout.columns }),
    onResize(listener) {
      stdout.on("resize", listener);
      return { [Symbol.dispose]: () => stdout.off("resize", listener) };
    },
  };
  stdin.setRawMode(true);
  try {
    return await work({ ...pipes(), window });
  } finally {
    stdin.setRawMode(false);
  }
}
