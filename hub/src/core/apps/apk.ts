import type { Readable } from "node:stream";
// The parser of the binary manifest alone: the package's own ZIP reading has no limits.
import ManifestParser from "@devicefarmer/adbkit-apkreader/lib/apkreader/parser/manifest.js";
import { Fault } from "@cloudphone/shared/fault";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { z } from "zod";

/** What a package says of itself. The label is the package's name when the manifest only points into its resources. */
export interface ApkInfo {
  readonly packageName: string;
  readonly label: string;
  readonly versionName: string;
  readonly versionCode: number;
}

const maxEntries = 100_000;
const maxManifestBytes = 4 * 1024 * 1024;
const maxUnpackedBytes = 8 * 1024 ** 3;

const manifestSchema = z.object({
  package: z
    .string()
    .regex(/^[A-Za-z]\w*(\.[A-Za-z]\w*)+$/)
    .max(255),
  versionName: z.union([z.string(), z.number()]).optional(),
  versionCode: z.number().optional(),
  application: z.object({ label: z.string().optional() }).optional(),
});

/**
 * Reads a package file and checks that it is what it says: every entry is unpacked (to nowhere) and its real size counted. Fault
 * `bad_package` with the reason in words for anything that is no sound APK.
 */
export async function readApk(file: string): Promise<ApkInfo> {
  let zip: ZipFile;
  try {
    // Refuses `../`, absolute and backslash names, and entries whose real size is not the declared one.
    zip = await openPromise(file, {
      lazyEntries: true,
      autoClose: false,
      validateEntrySizes: true,
    });
  } catch (cause) {
    throw bad("it is not a ZIP file", cause);
  }
  try {
    return await inspect(zip);
  } catch (cause) {
    throw cause instanceof Fault
      ? cause
      : bad(cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    zip.close();
  }
}

const bad = (reason: string, cause?: unknown): Fault =>
  new Fault("bad_package", `This is no APK that can be installed: ${reason}.`, { cause });

async function inspect(zip: ZipFile): Promise<ApkInfo> {
  if (zip.entryCount > maxEntries) throw bad(`it has more than ${maxEntries} files`);
  let manifest: Buffer | null = null;
  let unpacked = 0;
  for await (const entry of entries(zip)) {
    const name = entry.fileName;
    if (entry.isEncrypted()) throw bad(`${name} is encrypted`);
    if (name.endsWith("/")) continue;
    const isManifest = name === "AndroidManifest.xml";
    if (isManifest && manifest) throw bad("it has two manifests");
    const left = isManifest ? maxManifestBytes : maxUnpackedBytes - unpacked;
    const read = await readEntry(zip, entry, { keep: isManifest, maxBytes: left });
    unpacked += read.bytes;
    if (isManifest) manifest = read.content;
  }
  if (!manifest) throw bad("it has no AndroidManifest.xml");
  return parseManifest(manifest);
}

async function* entries(zip: ZipFile): AsyncGenerator<Entry> {
  const queue: (Entry | Error | null)[] = [];
  let wake = (): void => undefined;
  const push = (item: Entry | Error | null): void => {
    queue.push(item);
    wake();
  };
  zip.on("entry", (entry: Entry) => push(entry));
  zip.on("error", (error: Error) => push(error));
  zip.on("end", () => push(null));
  for (;;) {
    if (queue.length === 0) {
      const arrived = new Promise<void>((resolve) => {
        wake = resolve;
      });
      zip.readEntry();
      await arrived;
    }
    const item = queue.shift();
    if (item instanceof Error) throw item;
    if (!item) return;
    yield item;
  }
}

async function readEntry(
  zip: ZipFile,
  entry: Entry,
  options: { keep: boolean; maxBytes: number },
): Promise<{ bytes: number; content: Buffer }> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > options.maxBytes) throw bad(`${entry.fileName} unpacks to more than is allowed`);
    if (options.keep) chunks.push(chunk);
  }
  return { bytes, content: Buffer.concat(chunks) };
}

/**
 * Each chunk has eight bytes of header at least and ends inside the document (AOSP ResourceTypes.h, ResChunk_header): the parser goes on
 * by the size that a chunk claims, and would go round for ever at a chunk of size 0.
 */
function requireChunks(manifest: Buffer): void {
  for (let at = 8; at < manifest.length; ) {
    const size = at + 8 <= manifest.length ? manifest.readUInt32LE(at + 4) : 0;
    if (size < 8 || at + size > manifest.length) throw new Error("a chunk of it has no end");
    at += size;
  }
}

function parseManifest(bytes: Buffer): ApkInfo {
  let raw: unknown;
  try {
    requireChunks(bytes);
    raw = new ManifestParser(bytes).parse();
  } catch (cause) {
    throw bad("its manifest can't be read", cause);
  }
  const parsed = manifestSchema.safeParse(raw);
  if (!parsed.success) throw bad("its manifest names no valid package", parsed.error);
  const { package: packageName, versionName, versionCode, application } = parsed.data;
  const label = application?.label ?? packageName;
  return {
    packageName,
    label: (label.startsWith("resourceId:") ? packageName : label).slice(0, 200),
    versionName: String(versionName ?? "").slice(0, 100),
    versionCode: Math.trunc(versionCode ?? 0),
  };
}
