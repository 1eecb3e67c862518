import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { constants, gunzip, gzip } from "node:zlib";
import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { Fault } from "@cloudphone/shared/fault";

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Events to a block: what has to be expanded to read one of them. */
export const blockEvents = 1000;
/** No block of events comes near it: a bomb does. */
const maxBlockBytes = 512 * 1024 ** 2;

const unfinished = ".writing-";
const staleMs = 86_400_000;

/** A piece of the log in a file. */
export interface Archive {
  readonly first: number;
  readonly last: number;
  /** Its name in the folder of archives. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Where each block begins, in bytes, and where the last one ends. */
  readonly blocks: readonly number[];
  readonly types: readonly string[];
  readonly firstRecordedAt: string;
  readonly lastRecordedAt: string;
}

/** What was learnt while it was written. */
export interface WrittenArchive extends Archive {
  /** The largest number of each producer in it. */
  readonly streams: ReadonlyMap<string, number>;
}

/**
 * Writes consecutive events as lines of JSON, gzip by blocks of a thousand (RFC 1952 lets members follow each other, so `zcat` prints them all). The file
 * has its name only once it is whole: written beside, synced, read back and compared, renamed, and the folder synced. Its name contains its checksum, so
 * the same events twice are the same file. Rejects when a position is missing.
 */
export async function writeArchive(
  dir: string,
  blocks: AsyncIterable<readonly RecordedEnvelope[]>,
): Promise<WrittenArchive> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await removeStale(dir);
  const temporary = path.join(dir, `${unfinished}${process.pid}-${performance.now()}`);
  try {
    const written = await writeBlocks(temporary, blocks);
    await readBack(temporary, written);
    await rename(temporary, path.join(dir, written.file));
    await syncFolder(dir);
    return written;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What a crash left behind; of a living hub it would be younger. */
async function removeStale(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(unfinished)) continue;
    const file = path.join(dir, name);
    const info = await stat(file).catch(() => null);
    if (info && Date.now() - info.mtimeMs > staleMs) await rm(file, { force: true });
  }
}

async function writeBlocks(
  file: string,
  blocks: AsyncIterable<readonly RecordedEnvelope[]>,
): Promise<WrittenArchive> {
  const hash = createHash("sha256");
  const ends = [0];
  const types = new Set<string>();
  const streams = new Map<string, number>();
  let first: RecordedEnvelope | null = null;
  let last: RecordedEnvelope | null = null;
  const handle = await open(file, "wx", 0o600);
  try {
    for await (const events of blocks) {
      for (const event of events) {
        if (last && event.position !== last.position + 1)
          throw new Error(`the log lacks the event after ${last.position}`);
        first ??= event;
        last = event;
        types.add(event.type);
        streams.set(event.stream, Math.max(event.seq, streams.get(event.stream) ?? 0));
      }
      const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
      const bytes = await compress(lines, { level: constants.Z_DEFAULT_COMPRESSION });
      await handle.appendFile(bytes);
      hash.update(bytes);
      ends.push((ends.at(-1) ?? 0) + bytes.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!first || !last) throw new Error("there is nothing to archive");
  const sha256 = hash.digest("hex");
  const [from, to] = [first.position, last.position].map((n) => String(n).padStart(12, "0"));
  return {
    first: first.position,
    last: last.position,
    file: `events-${from}-${to}-${sha256.slice(0, 12)}.jsonl.gz`,
    sha256,
    bytes: ends.at(-1) ?? 0,
    blocks: ends,
    types: [...types].toSorted(),
    firstRecordedAt: first.recordedAt,
    lastRecordedAt: last.recordedAt,
    streams,
  };
}

/** What the disk gives back must be what was written, event for event. */
async function readBack(file: string, archive: Archive): Promise<void> {
  if (!(await hasChecksum(file, archive)))
    throw new Error(`${file} reads otherwise than it was written`);
  for (let block = 0; block < archive.blocks.length - 1; block++)
    await expandBlock(file, archive, block);
}

async function hasChecksum(file: string, { sha256 }: Archive): Promise<boolean> {
  const found = createHash("sha256").update(await readFile(file));
  return found.digest("hex") === sha256;
}

async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In which block of an archive a position is. */
export const blockOf = ({ first }: Archive, position: number): number =>
  Math.floor((position - first) / blockEvents);

/** The events of one block. Rejects with words when the file is not there, or not what it was. */
export async function readBlock(
  dir: string,
  archive: Archive,
  block: number,
): Promise<RecordedEnvelope[]> {
  return inWords(dir, archive, () => expandBlock(path.join(dir, archive.file), archive, block));
}

/** Rejects with words unless the file is there, to the last byte. */
export async function verifyArchive(dir: string, archive: Archive): Promise<void> {
  await inWords(dir, archive, async () => {
    if (!(await hasChecksum(path.join(dir, archive.file), archive)))
      throw new Error("its checksum is another");
  });
}

async function inWords<T>(dir: string, archive: Archive, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const what = `Events ${archive.first} to ${archive.last} are archived in ${archive.file}`;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT")
      throw new Fault(
        "unavailable",
        `${what}, which is not in ${dir}: put it back, or set CLOUDPHONE_LOG_ARCHIVE to the folder that has it.`,
        { cause },
      );
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault(
      "unavailable",
      `${what}, which can't be read (${why}): put a copy of it back into ${dir}; its SHA-256 is ${archive.sha256}.`,
      { cause },
    );
  }
}

async function expandBlock(
  file: string,
  archive: Archive,
  block: number,
): Promise<RecordedEnvelope[]> {
  const [start, end] = [archive.blocks[block], archive.blocks[block + 1]];
  if (start === undefined || end === undefined) return [];
  const bytes = Buffer.alloc(end - start);
  const handle = await open(file, "r");
  try {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    if (bytesRead < bytes.length) throw new Error("it ends too early");
  } finally {
    await handle.close();
  }
  const text = (await expand(bytes, { maxOutputLength: maxBlockBytes })).toString();
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedEnvelope);
  const from = archive.first + block * blockEvents;
  const wanted = Math.min(blockEvents, archive.last - from + 1);
  if (events.length !== wanted || events.some(({ position }, place) => position !== from + place))
    throw new Error("it holds other events than it should");
  return events;
}
