import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Duplex, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice, PullFile, PushFile, TransferOptions } from "./adb.ts";
import { within } from "./deadline.ts";
import { SyncSession } from "./sync.ts";
import { fileFault, hostFileFault, toPhoneFault } from "./words.ts";

type Phone = Pick<AdbDevice, "open" | "shell">;

const tidyMs = 5000;

/** See AdbDevice.push. */
export async function pushFile(
  phone: Phone,
  file: PushFile,
  options: TransferOptions,
): Promise<void> {
  const to = checkRemote(file.to);
  const total = typeof file.from === "string" ? await sizeOf(file.from) : null;
  const source = typeof file.from === "string" ? createReadStream(file.from) : file.from;
  source.on("error", () => undefined);
  const part = `${path.posix.dirname(to)}/.${randomUUID()}.part`;
  try {
    await inSession(phone, { ...options, ends: source }, async (session) => {
      const there = await session.stat(to);
      if (there.kind === "folder")
        throw new Fault("bad_input", `${to} is a folder on the phone: give the file's name too.`);
      let bytes = 0;
      await session
        .send(source, {
          path: part,
          mode: file.mode ?? 0o644,
          modifiedS: Math.floor(Date.now() / 1000),
          onChunk: (more) => {
            bytes += more;
            options.onProgress?.({ bytes, totalBytes: total });
          },
        })
        .catch((error: unknown) => {
          throw naming(error, { part, to, source: file.from });
        });
    });
    await renameRemote(phone, { part, to }, options);
  } catch (error) {
    await phone.shell(["rm", "-f", part], { timeoutMs: tidyMs }).catch(() => undefined);
    throw toPhoneFault(error);
  } finally {
    source.destroy();
  }
}

/** See AdbDevice.pull. */
export async function pullFile(
  phone: Phone,
  wanted: PullFile,
  options: TransferOptions,
): Promise<void> {
  const from = checkRemote(wanted.from);
  const { to } = wanted;
  if (typeof to !== "string") {
    await receive(phone, { from, to }, options);
    return;
  }
  const part = `${to}.${randomUUID()}.part`;
  const file = createWriteStream(part, { mode: 0o600 });
  try {
    await receive(phone, { from, to: file }, options);
    await rename(part, to);
  } catch (error) {
    await rm(part, { force: true });
    // What broke first: with a file that can't be written, the transfer only says that it was given up.
    throw hostFileFault(file.errored ?? error, to);
  }
}

async function receive(
  phone: Phone,
  { from, to }: { from: string; to: Writable },
  options: TransferOptions,
): Promise<void> {
  to.on("error", () => undefined);
  await inSession(phone, { ...options, ends: to }, async (session) => {
    const there = await session.stat(from);
    if (there.kind === "folder") throw fileFault("is a directory", from);
    const totalBytes = there.kind === "file" ? there.bytes : null;
    let bytes = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of session.receive(from)) {
        bytes += chunk.length;
        options.onProgress?.({ bytes, totalBytes });
        yield chunk;
      }
    };
    await pipeline(counted, to);
  });
}

/** Opens the sync service, and closes it whatever happens; at the deadline `ends` is closed too, so that nothing waits for it. */
async function inSession(
  phone: Phone,
  options: TransferOptions & { ends: Readable | Writable },
  work: (session: SyncSession) => Promise<void>,
): Promise<void> {
  const { timeoutMs, signal, ends } = options;
  const started = performance.now();
  const stream: Duplex = await phone
    .open("sync:", { timeoutMs, ...(signal ? { signal } : {}) })
    .catch((error: unknown) => {
      ends.destroy();
      throw error;
    });
  const left = timeoutMs - (performance.now() - started);
  try {
    const limits = { timeoutMs: left, signal, what: "the file was not moved in time" };
    await within(work(new SyncSession(stream)), limits, (why) => {
      stream.destroy(why);
      ends.destroy(why);
    });
  } finally {
    stream.destroy();
  }
}

async function renameRemote(
  phone: Phone,
  { part, to }: { part: string; to: string },
  { timeoutMs, signal }: TransferOptions,
): Promise<void> {
  const { exitCode, output } = await phone.shell(["mv", "-f", part, to], {
    timeoutMs: Math.min(timeoutMs, 30_000),
    ...(signal ? { signal } : {}),
  });
  if (exitCode !== 0) throw fileFault(output.trim().slice(0, 300), to);
}

/** A refusal speaks of the file that was asked for, not of its temporary name, and a broken source is no fault of the phone. */
function naming(
  error: unknown,
  { part, to, source }: { part: string; to: string; source: string | Readable },
): unknown {
  if (!(error instanceof Fault))
    return hostFileFault(error, typeof source === "string" ? source : "the source");
  if (error.code === "not_found")
    return new Fault("not_found", `There is no folder ${path.posix.dirname(to)} on the phone.`);
  return new Fault(error.code, error.message.replaceAll(part, to), { cause: error });
}

function checkRemote(file: string): string {
  if (!file.startsWith("/") || file.includes("\0") || file.endsWith("/"))
    throw new Fault("bad_input", "A path on the phone is absolute and ends with a file's name.");
  return file;
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw hostFileFault(error, file);
  });
  if (found.isDirectory())
    throw new Fault("bad_input", `${file} is a folder; only a file can be pushed.`);
  // A pipe may never be written to, and a device has no end.
  if (!found.isFile()) throw new Fault("bad_input", `${file} is neither a file nor a folder.`);
  return found.size;
}
