import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { type Connection, until, withHub } from "../client.ts";
import { print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";
import { batchCommands, installOnMany, meansMany, type TargetFlags } from "./batches.ts";
import { operate } from "./device-settings.ts";
import { completed } from "./outcome.ts";

const uploadMs = 60 * 60_000;
const installMs = 6 * 60_000;

export const appCommands = (program: Command): void => {
  const apps = program.command("apps").description("packages, and what is installed where");
  apps
    .command("list", { isDefault: true })
    .description("your packages; with --device, what is installed on that phone")
    .option("--device <device>")
    .option("--system", "with what came with the phone")
    .action((flags: { device?: string; system?: boolean }, command: Command) =>
      flags.device === undefined
        ? listLibrary(command)
        : listInstalled(command, { device: flags.device, system: flags.system ?? false }),
    );
  for (const verb of ["start", "stop", "clear"] as const)
    apps
      .command(verb)
      .description(verbs[verb])
      .argument("<device>")
      .argument("<package>")
      .action((device: string, packageName: string, _flags: unknown, command: Command) =>
        operate(
          command,
          ({ client }, key) => client.apps[verb].mutate({ device, packageName, ...key }),
          { rows: () => [{ device, package: packageName, did: verb }] },
        ),
      );
  apps
    .command("upload")
    .argument("<file>")
    .action((file: string, _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        const app = await upload(hub, file);
        print(app, {
          json: hub.json,
          rows: [{ package: app.packageName, version: app.versionName, id: app.appId }],
        });
      }),
    );
  apps
    .command("remove")
    .argument("<app>", "its package name or id")
    .description("take an app out of your library; where it is installed it stays")
    .action((app: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const removed = await client.apps.remove.mutate({ app });
        print(removed, { json, rows: [{ removed: app, id: removed.appId }] });
      }),
    );
  apps
    .command("install")
    .description("put an app on one phone, or (with --devices, --all or --label) on many at once")
    .argument("<device-and-app...>", "DEVICE APP; for many phones only APP")
    .option("--devices <names>", "these phones, with commas between them")
    .option("--all", "all your phones that are switched on")
    .option("--label <label...>", "those that are switched on and carry these: team=checkout")
    .option("--parallel <count>", "phones of one host at a time")
    .option("--wait", "until it has ended, with each phone's progress")
    .action((words: string[], flags: TargetFlags, command: Command) => {
      const many = meansMany(flags);
      if (words.length !== (many ? 1 : 2))
        throw new Fault("bad_input", "Say DEVICE APP, or APP with --devices, --all or --label.");
      const [device = "", app = ""] = words;
      return many ? installOnMany(command, device, flags) : installOne(command, device, app);
    });
  batchCommands(apps);
  apps
    .command("uninstall")
    .argument("<device>")
    .argument("<package>")
    .option("--wait", "until it is gone")
    .action((device: string, packageName: string, flags: { wait?: boolean }, command: Command) =>
      withHub(command, async (hub) => {
        const asked = await hub.client.apps.uninstall.mutate({
          device,
          packageName,
          idempotencyKey: randomUUID(),
        });
        if (flags.wait) await completed(hub, asked.commandId);
        const status = flags.wait ? "removed" : asked.status;
        print({ ...asked, status }, { json: hub.json, rows: [{ package: packageName, status }] });
      }),
    );
  installationCommand(apps);
};

function installationCommand(apps: Command): void {
  paged(apps.command("installations"))
    .description("what was installed on which phone, and how it went")
    .option("--device <device>", "on one phone, by its name or id")
    .action(({ device, ...page }: PageFlags & { device?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.apps.installations.query({
          ...pageOf(page),
          ...(device !== undefined && { device }),
        });
        const rows = list.map((entry) => ({
          device: entry.device,
          package: entry.packageName,
          status: entry.status,
          reason: entry.reason ?? "",
          requested: entry.requestedAt,
          id: entry.installationId,
        }));
        print(list, { json, rows, empty: "Nothing was installed yet." });
        if (!json) tellEarlier(list, page, list.at(-1)?.installationId);
      }),
    );
}

const verbs = {
  start: "open an app",
  stop: "end an app's processes",
  clear: "remove an app's data; the app stays",
};

const listLibrary = (command: Command): Promise<void> =>
  withHub(command, async ({ client, json }) => {
    const list = await client.apps.list.query();
    const rows = list.map((app) => ({
      package: app.packageName,
      version: app.versionName,
      bytes: String(app.bytes),
      uploaded: app.uploadedAt,
      id: app.appId,
    }));
    print(list, { json, rows, empty: "No apps yet: `cloudphone apps upload FILE` adds one." });
  });

interface OnPhone {
  readonly packageName: string;
  readonly versionName: string | null;
  readonly versionCode: number | null;
  readonly system: boolean;
}

const listInstalled = (
  command: Command,
  which: { device: string; system: boolean },
): Promise<void> =>
  operate(command, ({ client }, key) => client.apps.onDevice.mutate({ ...which, ...key }), {
    rows: ({ apps }) =>
      (apps as OnPhone[]).map(({ packageName, versionName, versionCode, system }) => ({
        package: packageName,
        version: versionName ?? "",
        code: versionCode === null ? "" : String(versionCode),
        system: system ? "yes" : "",
      })),
    empty: "Nothing but what came with the phone; --system shows that too.",
  });

const installOne = (command: Command, device: string, app: string): Promise<void> =>
  withHub(command, async (hub) => {
    const asked = await hub.client.apps.install.mutate({
      device,
      app,
      idempotencyKey: randomUUID(),
    });
    const { wait } = command.opts<TargetFlags>();
    const answer = wait ? await installed(hub, asked.installationId) : asked;
    print(answer, {
      json: hub.json,
      rows: [{ installation: asked.installationId, status: answer.status }],
    });
  });

async function installed({ client }: Connection, installationId: string) {
  const found = await until(
    async () => {
      const now = await client.apps.installation.query({ installationId });
      return now.status === "pending" ? null : now;
    },
    installMs,
    "The installation",
  );
  if (found.status !== "failed") return found;
  const code = found.code ?? "internal";
  throw new Fault(
    isFaultCode(code) ? code : "internal",
    found.reason ?? "The installation failed.",
  );
}

interface Uploaded {
  readonly appId: string;
  readonly packageName: string;
  readonly versionName: string;
}

/** Streams a file to the hub, with a bar when somebody looks. */
async function upload({ url, headers }: Connection, file: string): Promise<Uploaded> {
  const info = await stat(file).catch(() => null);
  if (!info?.isFile()) throw new Fault("bad_input", `${file} is no file that can be read.`);
  let sent = 0;
  const bar = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      if (process.stderr.isTTY) {
        const share = sent / info.size;
        const filled = "#".repeat(Math.round(share * 30)).padEnd(30, ".");
        process.stderr.write(
          `\r[${filled}] ${Math.round(share * 100)} %${sent === info.size ? "\n" : ""}`,
        );
      }
      done(null, chunk);
    },
  });
  const body = Readable.toWeb(createReadStream(file).pipe(bar)) as unknown as NonNullable<
    RequestInit["body"]
  >;
  const response = await fetch(`${url}/apps`, {
    method: "POST",
    body,
    duplex: "half",
    signal: AbortSignal.timeout(uploadMs),
    headers: {
      ...(await headers()),
      "content-type": "application/vnd.android.package-archive",
      "content-length": String(info.size),
      "x-file-name": encodeURIComponent(path.basename(file)),
    },
  } as RequestInit).catch((cause: unknown) => {
    throw new Fault("unavailable", `The hub at ${url} can't be reached, or ended the upload.`, {
      cause,
    });
  });
  const answer = (await response.json()) as Uploaded & {
    error?: { code: string; message: string };
  };
  if (!answer.error) return answer;
  throw new Fault(
    isFaultCode(answer.error.code) ? answer.error.code : "internal",
    answer.error.message,
  );
}
