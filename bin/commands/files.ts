import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { quote } from "@cloudphone/agent/adb/quote";
import {
  isRemoteFolder,
  type MovedFolder,
  pullFolder,
  pushFolder,
} from "@cloudphone/agent/adb/folder";
import { pullFile, pushFile } from "@cloudphone/agent/adb/transfer";
import type { TransferOptions } from "@cloudphone/agent/adb/adb";
import type { Command } from "commander";
import { untilCalledOff } from "../called-off.ts";
import { type Connection, withHub } from "../client.ts";
import { print } from "../output.ts";
import { progressBar } from "../progress.ts";
import { commandLine, runShell } from "../shell-v2.ts";
import { type RemotePhone, withPhone } from "../tunnel.ts";

const transferMs = 24 * 60 * 60_000;

/** Files to and from a phone, each whole or not at all, and folders of them. */
export const fileCommands = (program: Command): void => {
  program
    .command("push")
    .description("a file or a folder to a phone")
    .argument("<device>")
    .argument("<local>")
    .argument("<remote>", "absolute path; of a folder that it goes into when it ends with /")
    .action((...given: unknown[]) => push(given.at(-1) as Command));
  program
    .command("pull")
    .description("a file or a folder from a phone")
    .argument("<device>")
    .argument("<remote>")
    .argument("[local]", "a file or a folder (default: here, under its own name)")
    .action((...given: unknown[]) => pull(given.at(-1) as Command));
};

const push = (command: Command): Promise<void> =>
  withHub(command, async (hub) => {
    const [device = "", from = "", remote = ""] = command.args;
    const isFolder = (await stat(from).catch(() => null))?.isDirectory() ?? false;
    const moved = await timed((options) =>
      withPhone(hub, device, async (phone) => {
        const files = asDevice(phone);
        // A folder goes into one that is there, as cp and adb do it.
        const into =
          remote.endsWith("/") || (isFolder && (await isRemoteFolder(files, remote, options)));
        const to = into ? path.posix.join(remote, path.basename(path.resolve(from))) : remote;
        if (isFolder) return { to, ...(await pushFolder(files, { from, to }, options)) };
        await pushFile(files, { from, to }, options);
        return { to };
      }),
    );
    tell(hub, "pushed", moved);
  });

const pull = (command: Command): Promise<void> =>
  withHub(command, async (hub) => {
    const [device = "", given = "", local = "."] = command.args;
    const from = given.replace(/(?<=.)\/+$/, "");
    const to = await localTarget(local, from);
    const moved = await timed((options) =>
      withPhone(hub, device, async (phone) => {
        const files = asDevice(phone);
        if (await isRemoteFolder(files, from, options))
          return { to, ...(await pullFolder(files, { from, to }, options)) };
        await pullFile(files, { from, to }, options);
        return { to };
      }),
    );
    tell(hub, "pulled", moved);
  });

type Result = { readonly to: string } & Partial<MovedFolder>;

function tell(hub: Connection, done: "pushed" | "pulled", { to, ...moved }: Result & Moved): void {
  const { files, skipped = [] } = moved;
  print(
    { file: to, ...moved },
    {
      json: hub.json,
      rows: [
        { [done]: to, ...(files === undefined ? {} : { files: String(files) }), ...words(moved) },
      ],
    },
  );
  if (skipped.length > 0 && !hub.json)
    process.stderr.write(`left out, being neither file nor folder: ${skipped.join(", ")}\n`);
}

interface Moved {
  readonly bytes: number;
  readonly ms: number;
}

const words = ({ bytes, ms }: Moved): Record<string, string> => ({
  bytes: String(bytes),
  speed: `${(bytes / 1e6 / Math.max(ms / 1000, 0.001)).toFixed(1)} MB/s`,
});

async function timed(work: (options: TransferOptions) => Promise<Result>): Promise<Result & Moved> {
  const bar = progressBar();
  const begun = performance.now();
  let bytes = 0;
  const onProgress = (at: { bytes: number; totalBytes: number | null }): void => {
    bytes = at.bytes;
    bar(at.bytes, at.totalBytes);
  };
  const result = await untilCalledOff((signal) =>
    work({ timeoutMs: transferMs, onProgress, signal }),
  );
  return { bytes, ...result, ms: Math.round(performance.now() - begun) };
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
