import { mkdir, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice, TransferOptions } from "./adb.ts";
import { within } from "./deadline.ts";
import { SyncSession } from "./sync.ts";
import { pullFile, pushFile } from "./transfer.ts";
import { fileFault, hostFileFault } from "./words.ts";

type Phone = Pick<AdbDevice, "open" | "shell">;

export interface Folder {
  readonly from: string;
  readonly to: string;
}

export interface MovedFolder {
  readonly files: number;
  readonly bytes: number;
  /** What is neither file nor folder, or a link that leads nowhere: left out. */
  readonly skipped: readonly string[];
}

interface Tree {
  /** Relative to the folder, "" itself first, each after the one it lies in. */
  readonly folders: string[];
  readonly files: { readonly name: string; readonly bytes: number }[];
  readonly skipped: string[];
}

const maxFiles = 100_000;
const maxDepth = 64;
/** Files on the way at once: each waits for a few answers of the phone besides its bytes. */
const together = 4;
const foldersPerCall = 50;

/** A folder of this machine with all that is in it; links are followed to files only. Each file appears on the phone whole or not at all, what was there stays. */
export async function pushFolder(
  phone: Phone,
  { from, to }: Folder,
  options: TransferOptions,
): Promise<MovedFolder> {
  const tree = await readLocal(from);
  const folders = tree.folders.map((name) => path.posix.join(to, ...name.split(path.sep)));
  for (let at = 0; at < folders.length; at += foldersPerCall) {
    const some = folders.slice(at, at + foldersPerCall);
    const { exitCode, output } = await phone.shell(["mkdir", "-p", ...some], options);
    if (exitCode !== 0) throw fileFault(output.trim().slice(0, 300), to);
  }
  return moveAll(tree, options, (name, one) =>
    pushFile(
      phone,
      { from: path.join(from, name), to: path.posix.join(to, ...name.split(path.sep)) },
      one,
    ),
  );
}

/** A folder of the phone with all that is in it; links are left out. Each file appears here whole or not at all, what was there stays. */
export async function pullFolder(
  phone: Phone,
  { from, to }: Folder,
  options: TransferOptions,
): Promise<MovedFolder> {
  const tree = await readRemote(phone, from, options);
  for (const name of tree.folders)
    await mkdir(path.join(to, name), { recursive: true }).catch((error: unknown) => {
      throw hostFileFault(error, path.join(to, name));
    });
  return moveAll(tree, options, (name, one) =>
    pullFile(phone, { from: path.posix.join(from, name), to: path.join(to, name) }, one),
  );
}

/** Whether that is a folder on the phone, or a link to one. */
export async function isRemoteFolder(
  phone: Phone,
  name: string,
  options: TransferOptions,
): Promise<boolean> {
  // What a link leads to is told only of a path that ends so (lstat).
  const seen = await inSync(phone, options, (session) => session.stat(`${name}/`));
  return seen.kind === "folder";
}

async function inSync<T>(
  phone: Phone,
  { timeoutMs, signal }: TransferOptions,
  work: (session: SyncSession) => Promise<T>,
): Promise<T> {
  const stream = await phone.open("sync:", { timeoutMs, ...(signal ? { signal } : {}) });
  try {
    const limits = { timeoutMs, signal, what: "the phone did not tell what is in the folder" };
    return await within(work(new SyncSession(stream)), limits);
  } finally {
    stream.destroy();
  }
}

async function moveAll(
  { files, skipped }: Tree,
  options: TransferOptions,
  move: (name: string, options: TransferOptions) => Promise<void>,
): Promise<MovedFolder> {
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const waiting = files.values();
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  let bytes = 0;
  const work = async (): Promise<void> => {
    for (const { name } of waiting) {
      let its = 0;
      const onProgress = (at: { bytes: number }): void => {
        bytes += at.bytes - its;
        its = at.bytes;
        options.onProgress?.({ bytes, totalBytes });
      };
      await move(name, { ...options, signal, onProgress });
    }
  };
  const workers = Array.from({ length: together }, async () => {
    try {
      await work();
    } catch (error) {
      failed.abort();
      throw error;
    }
  });
  const [first] = (await Promise.allSettled(workers)).flatMap((one) =>
    one.status === "rejected" ? [one.reason as unknown] : [],
  );
  if (first !== undefined) throw first;
  return { files: files.length, bytes, skipped };
}

async function readLocal(root: string): Promise<Tree> {
  const tree: Tree = { folders: [""], files: [], skipped: [] };
  for (const folder of tree.folders) {
    checkSize(tree, folder, path.sep);
    const entries = await readdir(path.join(root, folder), { withFileTypes: true }).catch(
      (error: unknown) => {
        throw hostFileFault(error, path.join(root, folder));
      },
    );
    for (const entry of entries) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) tree.folders.push(name);
      else {
        const seen = await stat(path.join(root, name)).catch(() => null);
        if (seen?.isFile()) tree.files.push({ name, bytes: seen.size });
        else tree.skipped.push(name);
      }
    }
  }
  return tree;
}

const readRemote = (phone: Phone, root: string, options: TransferOptions): Promise<Tree> =>
  inSync(phone, options, async (session) => {
    const tree: Tree = { folders: [""], files: [], skipped: [] };
    for (const folder of tree.folders) {
      checkSize(tree, folder, "/");
      for (const entry of await session.list(path.posix.join(root, folder))) {
        const name = path.posix.join(folder, entry.name);
        if (entry.kind === "folder") tree.folders.push(name);
        else if (entry.kind === "file") tree.files.push({ name, bytes: entry.bytes });
        else tree.skipped.push(name);
      }
    }
    return tree;
  });

function checkSize({ folders, files }: Tree, folder: string, separator: string): void {
  if (files.length + folders.length > maxFiles || folder.split(separator).length > maxDepth)
    throw new Fault(
      "too_large",
      `There is too much in that folder to be moved at once (${maxFiles} files, ${maxDepth} folders deep).`,
    );
}
