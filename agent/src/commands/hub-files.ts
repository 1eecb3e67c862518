import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "@cloudphone/shared/fault";

export interface HubFiles {
  /** A package by its sum: from the cache, or downloaded (resumed where it broke off) and checked. Returns its path. */
  fetch(
    file: { path: string; sha256: string; bytes: number },
    signal: AbortSignal,
  ): Promise<string>;
  /** A stream is read as fast as the hub takes it, and is at its end or destroyed afterwards. */
  put(path: string, body: Buffer | Readable, signal: AbortSignal): Promise<void>;
}

const cacheBytes = 4 * 1024 ** 3;
const tries = 5;

/** Files from and to the hub, over HTTP with signed paths. */
export function createHubFiles(options: { hubUrl: string; dir: string }): HubFiles {
  const { dir } = options;
  const underWay = new Map<string, Promise<string>>();

  const download: HubFiles["fetch"] = async (file, signal) => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const target = path.join(dir, `${file.sha256}.apk`);
    const known = await stat(target).catch(() => null);
    if (known?.size === file.bytes) {
      await utimes(target, new Date(), new Date()).catch(() => undefined);
      return target;
    }
    const part = `${target}.part`;
    for (let attempt = 1; ; attempt++) {
      try {
        await receive({ ...file, url: new URL(file.path, options.hubUrl), part }, signal);
        break;
      } catch (error) {
        if (
          signal.aborted ||
          attempt >= tries ||
          (error instanceof Fault && error.code !== "unavailable")
        )
          throw error;
      }
    }
    if ((await sumOf(part)) !== file.sha256) {
      await rm(part, { force: true });
      throw new Fault(
        "bad_package",
        "The downloaded package is not the one that was asked for: its sum is another.",
      );
    }
    await rename(part, target);
    await trim(dir, target);
    return target;
  };

  return {
    fetch(file, signal) {
      const known = underWay.get(file.sha256);
      if (known) return known;
      const work = download(file, signal).finally(() => underWay.delete(file.sha256));
      underWay.set(file.sha256, work);
      return work;
    },
    put: (target, body, signal) => send(new URL(target, options.hubUrl), body, signal),
  };
}

async function send(url: URL, body: Buffer | Readable, signal: AbortSignal): Promise<void> {
  const sent =
    body instanceof Readable
      ? { body: Readable.toWeb(body) as ReadableStream<Uint8Array>, duplex: "half" as const }
      : { body: new Uint8Array(body) };
  try {
    const response = await request(url, { method: "PUT", ...sent, signal });
    await response.body?.cancel();
    if (!response.ok)
      throw new Fault("unavailable", `The hub did not take the file (${response.status}).`);
  } finally {
    if (body instanceof Readable) body.destroy();
  }
}

async function request(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new Fault("unavailable", `The hub can't be reached at ${url.origin}.`, { cause });
  }
}

async function receive(
  file: { url: URL; part: string; bytes: number },
  signal: AbortSignal,
): Promise<void> {
  const have = (await stat(file.part).catch(() => null))?.size ?? 0;
  const resume = have > 0 && have < file.bytes;
  const response = await request(file.url, {
    signal,
    ...(resume ? { headers: { range: `bytes=${have}-` } } : {}),
  });
  if (!response.ok || !response.body)
    throw new Fault("unavailable", `The hub did not give the package (${response.status}).`);
  let bytes = response.status === 206 ? have : 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > file.bytes)
        done(new Fault("bad_package", "The package is larger than was announced."));
      else done(null, chunk);
    },
  });
  try {
    const flags = response.status === 206 ? "a" : "w";
    await pipeline(
      Readable.fromWeb(response.body as never),
      count,
      createWriteStream(file.part, { flags, mode: 0o600 }),
    );
  } catch (error) {
    if (error instanceof Fault) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new Fault("disk_full", "The host's disk is full.", { cause: error });
    throw new Fault("unavailable", "The download broke off.", { cause: error });
  }
  if (bytes !== file.bytes) throw new Fault("unavailable", "The download broke off.");
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

/** Removes what was used longest ago until the cache fits its cap; never the one in hand. */
async function trim(dir: string, keep: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(dir)).map(async (name) => {
      const file = path.join(dir, name);
      const info = await stat(file);
      return { file, bytes: info.size, usedMs: info.mtimeMs };
    }),
  );
  let total = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const { file, bytes } of files.toSorted((a, b) => a.usedMs - b.usedMs)) {
    if (total <= cacheBytes) return;
    if (file === keep) continue;
    await rm(file, { force: true });
    total -= bytes;
  }
}
