import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { quote } from "@cloudphone/agent/adb/quote";
import { pullFile, pushFile } from "@cloudphone/agent/adb/transfer";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { progressBar } from "../progress.ts";
import { commandLine, runShell } from "../shell-v2.ts";
import { type RemotePhone, withPhone } from "../tunnel.ts";

const transferMs = 24 * 60 * 60_000;

/** Files to and from a phone, whole or not at all. */
export const fileCommands = (program: Command): void => {
  program
    .command("push")
    .description("a file to a phone")
    .argument("<device>")
    .argument("<local>")
    .argument("<remote>", "absolute path; of a folder when it ends with /")
    .action((...given: unknown[]) => push(given.at(-1) as Command));
  program
    .command("pull")
    .description("a file from a phone")
    .argument("<device>")
    .argument("<remote>")
    .argument("[local]", "a file or a folder (default: here, under its own name)")
    .action((...given: unknown[]) => pull(given.at(-1) as Command));
};

const push = (command: Command): Promise<void> =>
  withHub(command, async (hub) => {
    const [device = "", from = "", remote = ""] = command.args;
    const to = remote.endsWith("/") ? remote + path.basename(from) : remote;
    const moved = await timed((onProgress) =>
      withPhone(hub, device, (phone) =>
        pushFile(asDevice(phone), { from, to }, { timeoutMs: transferMs, onProgress }),
      ),
    );
    print({ file: to, ...moved }, { json: hub.json, rows: [{ pushed: to, ...words(moved) }] });
  });

const pull = (command: Command): Promise<void> =>
  withHub(command, async (hub) => {
    const [device = "", from = "", local = "."] = command.args;
    const to = await localTarget(local, from);
    const moved = await timed((onProgress) =>
      withPhone(hub, device, (phone) =>
        pullFile(asDevice(phone), { from, to }, { timeoutMs: transferMs, onProgress }),
      ),
    );
    print({ file: to, ...moved }, { json: hub.json, rows: [{ pulled: to, ...words(moved) }] });
  });

interface Moved {
  readonly bytes: number;
  readonly ms: number;
}

const words = ({ bytes, ms }: Moved): Record<string, string> => ({
  bytes: String(bytes),
  speed: `${(bytes / 1e6 / Math.max(ms / 1000, 0.001)).toFixed(1)} MB/s`,
});

async function timed(
  work: (onProgress: (at: { bytes: number; totalBytes: number | null }) => void) => Promise<void>,
): Promise<Moved> {
  const bar = progressBar();
  const begun = performance.now();
  let moved = 0;
  await work(({ bytes, totalBytes }) => {
    moved = bytes;
    bar(bytes, totalBytes);
  });
  return { bytes: moved, ms: Math.round(performance.now() - begun) };
}

async function localTarget(local: string, from: string): Promise<string> {
  const found = await stat(local).catch(() => null);
  return found?.isDirectory() ? path.join(local, path.posix.basename(from)) : local;
}

/** What the agent's own file transfer needs of a device, done from afar. */
function asDevice(phone: RemotePhone): Parameters<typeof pushFile>[0] {
  return {
    open: (service) => phone.open(service),
    async shell(args) {
      const printed: Buffer[] = [];
      const output = new Writable({
        write(chunk: Buffer, _encoding, done) {
          printed.push(chunk);
          done();
        },
      });
      const line = commandLine(args.map(quote));
      const terminal = { input: Readable.from([]), output, errors: output };
      const exitCode = await runShell(phone, line, terminal);
      return { exitCode, output: Buffer.concat(printed).toString("utf8") };
    },
  };
}
