import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice } from "../../adb/adb.ts";

/**
 * scrcpy's server, the program on the phone that gives its screen: exactly this one. The server takes no client of another version, and 4.x speaks
 * otherwise. The sum is PREBUILT_SERVER_SHA256 of scrcpy's install_release.sh at tag v3.3.3.
 */
export const pinned = {
  version: "3.3.3",
  sha256: "7e70323ba7f259649dd4acce97ac4fefbae8102b2c6d91e2e7be613fd5354be0",
  url: "https://github.com/Genymobile/scrcpy/releases/download/v3.3.3/scrcpy-server-v3.3.3",
  /** A package that carries the same file, for hosts that reach a package registry and nothing else. */
  npm: { package: "@midscene/android@1.7.3", file: "package/bin/scrcpy-server" },
} as const;

/** Where it lies on a phone. The version is in its name, so an upgrade of the agent never starts an old one. */
export const serverPathOnPhone = `/data/local/tmp/scrcpy-server-${pinned.version}.jar`;

export interface ServerFileOptions {
  readonly dataDir: string;
  /** A file the operator put there; null: fetched once into the data folder. */
  readonly configuredPath: string | null;
  readonly signal: AbortSignal;
  /** Where to fetch it, in turn; the release, then npm's registry. */
  readonly sources?: readonly Source[];
}

/** Gives the file's bytes, whatever they are; they are checked afterwards. */
export interface Source {
  readonly name: string;
  fetch(signal: AbortSignal): Promise<Buffer>;
}

const run = promisify(execFile);
const maxBytes = 4 * 1024 ** 2;
const downloadMs = 20_000;
const npmMs = 60_000;

export type ServerFileState =
  | { readonly state: "good"; readonly path: string }
  | { readonly state: "absent"; readonly path: string }
  | { readonly state: "other"; readonly path: string; readonly sha256: string };

/** Where it should lie. */
export const serverFileOf = ({
  dataDir,
  configuredPath,
}: Pick<ServerFileOptions, "dataDir" | "configuredPath">): string =>
  configuredPath ?? path.join(dataDir, "scrcpy", pinned.version, "scrcpy-server");

/** What lies where the server should be; changes nothing. */
export async function checkServerFile(
  options: Pick<ServerFileOptions, "dataDir" | "configuredPath">,
): Promise<ServerFileState> {
  const file = serverFileOf(options);
  const bytes = await readFile(file).catch(() => null);
  if (!bytes) return { state: "absent", path: file };
  const sha256 = sumOf(bytes);
  return sha256 === pinned.sha256
    ? { state: "good", path: file }
    : { state: "other", path: file, sha256 };
}

/**
 * The verified file's path; it is fetched when it is not there. A file with another sum is never used: a configured one is refused, one in the data folder
 * (cut off, or tampered with) is fetched anew. Faults say what to do.
 */
export async function openServerFile(options: ServerFileOptions): Promise<string> {
  const found = await checkServerFile(options);
  if (found.state === "good") return found.path;
  if (options.configuredPath !== null)
    throw new Fault(
      "bad_input",
      found.state === "absent"
        ? `There is no scrcpy server at ${found.path} (CLOUDPHONE_SCRCPY_SERVER).`
        : `${found.path} is not the official scrcpy server ${pinned.version}: its SHA-256 is ${found.sha256}.`,
    );
  const bytes = await fetchVerified(options.sources ?? sources, options.signal);
  const folder = path.dirname(found.path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const part = path.join(folder, `${randomUUID()}.part`);
  await writeFile(part, bytes, { mode: 0o600, flush: true });
  await rename(part, found.path);
  return found.path;
}

/**
 * Puts the server on a phone that lacks it, or has another file under its name. To be called once for each start of the phone: what a customer did
 * to it since is no matter then, since the phone's own sum is asked for, and without one it is pushed.
 */
export async function pushServerFile(
  phone: Pick<AdbDevice, "shell" | "push">,
  file: string,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const sum = await phone.shell(["sha256sum", serverPathOnPhone], options);
  if (sum.output.startsWith(pinned.sha256)) return;
  await phone.push({ from: file, to: serverPathOnPhone }, options);
}

async function fetchVerified(from: readonly Source[], signal: AbortSignal): Promise<Buffer> {
  const problems: string[] = [];
  for (const source of from) {
    try {
      const bytes = await source.fetch(signal);
      const sum = sumOf(bytes);
      if (sum === pinned.sha256) return bytes;
      problems.push(`${source.name} gave another file (SHA-256 ${sum}), which was refused`);
    } catch (error) {
      if (signal.aborted) throw new Fault("interrupted", "The agent is stopping.");
      const said = error instanceof Error ? error.message.split("\n")[0] : String(error);
      problems.push(`${source.name}: ${said}`);
    }
  }
  throw new Fault(
    "unavailable",
    `scrcpy's server ${pinned.version} could not be fetched, so there are no live screens. ${problems.join("; ")}. Download ${pinned.url} and set CLOUDPHONE_SCRCPY_SERVER to the file.`,
  );
}

const release: Source = {
  name: "the release",
  async fetch(signal) {
    const response = await fetch(pinned.url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(downloadMs)]),
    });
    if (!response.ok || !response.body) throw new Error(`answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error("is too large to be it");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  },
};

/** The tarball as npm gives it, from whatever registry this account is set to; nothing of it is run. */
const npm: Source = {
  name: "npm",
  async fetch(signal) {
    const folder = await mkdtemp(path.join(process.env.TMPDIR ?? "/tmp", "cloudphone-scrcpy-"));
    try {
      const options = { cwd: folder, timeout: npmMs, signal };
      await run("npm", ["pack", pinned.npm.package, "--ignore-scripts", "--silent"], options);
      const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
      if (!tarball) throw new Error("npm pack made no file");
      const { stdout } = await run("tar", ["-xzOf", tarball, pinned.npm.file], {
        ...options,
        encoding: "buffer",
        maxBuffer: maxBytes,
      });
      return stdout;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export const sources: readonly Source[] = [release, npm];

const sumOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
