import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { Exchange } from "../../platform/http/route.ts";

export interface StoredBlob {
  readonly sha256: string;
  readonly bytes: number;
}

/** Where a blob of this sum is kept. */
export const blobPath = (dir: string, sha256: string): string =>
  path.join(dir, sha256.slice(0, 2), sha256);

/**
 * Streams a request's body into the library under its own sum. `check` sees the file before it counts; when it throws, or the client goes away,
 * nothing is left. The same content again is the same blob.
 */
export async function storeBlob(
  request: IncomingMessage,
  options: {
    dir: string;
    maxBytes: number;
    check: (file: string, blob: StoredBlob) => Promise<void>;
  },
): Promise<StoredBlob> {
  if (Number(request.headers["content-length"] ?? 0) > options.maxBytes)
    throw tooLarge(options.maxBytes);
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const temporary = path.join(options.dir, `upload-${randomUUID()}`);
  try {
    const { sha256, bytes } = await receive(request, temporary, options.maxBytes);
    await options.check(temporary, { sha256, bytes });
    const target = blobPath(options.dir, sha256);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    await rename(temporary, target);
    const folder = await open(path.dirname(target));
    await folder.sync();
    await folder.close();
    return { sha256, bytes };
  } finally {
    await rm(temporary, { force: true });
  }
}

const tooLarge = (maxBytes: number): Fault =>
  new Fault("too_large", `A file may have at most ${Math.floor(maxBytes / 1024 ** 2)} MiB.`);

async function receive(
  request: IncomingMessage,
  file: string,
  maxBytes: number,
): Promise<StoredBlob> {
  const hash = createHash("sha256");
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      if (bytes > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(request, count, createWriteStream(file, { mode: 0o600, flush: true }));
  } catch (error) {
    if (error instanceof Fault) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOSPC")
      throw new Fault("disk_full", "The hub's disk is full.", { cause: error });
    throw new Fault("interrupted", "The upload was cut off; send it again.", { cause: error });
  }
  const declared = request.headers["content-length"];
  if (bytes === 0) throw new Fault("bad_input", "The request has no body; send the file itself.");
  if (declared !== undefined && Number(declared) !== bytes)
    throw new Fault("interrupted", "The upload was cut off; send it again.");
  return { sha256: hash.digest("hex"), bytes };
}

/** Sends a file, or the range of it that was asked for (RFC 9110 section 14); its sum is its ETag. */
export async function sendBlob(
  { request, response }: Exchange,
  file: { path: string; type: string; etag: string },
): Promise<void> {
  const info = await stat(file.path).catch(() => null);
  if (!info) throw new Fault("not_found", "There is no such file any more.");
  const range = parseRange(request.headers.range, info.size);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("etag", `"${file.etag}"`);
  response.setHeader("content-type", file.type);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${info.size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 };
  if (range) response.setHeader("content-range", `bytes ${start}-${end}/${info.size}`);
  response.writeHead(range ? 206 : 200, { "content-length": end - start + 1 });
  await pipeline(createReadStream(file.path, { start, end }), response).catch((error: unknown) => {
    // Whoever asked has gone: nobody is left to be told.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  });
}

/** One range in bytes, both ends included; null: none asked for. Several ranges are answered with the whole. Pure. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? "unsatisfiable" : { start, end };
}
