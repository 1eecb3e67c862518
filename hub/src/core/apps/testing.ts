import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";

/** A real package, from npm. */
export const realApk = path.join(
  path.dirname(createRequire(import.meta.url).resolve("io.appium.settings/package.json")),
  "apks/settings_apk-debug.apk",
);

export interface ZipEntry {
  readonly name: string;
  readonly body: Buffer;
  /** The unpacked size its headers tell; its own unless said otherwise. */
  readonly claims?: number;
  /** General purpose flags (APPNOTE 4.4.4); 1: encrypted. */
  readonly flags?: number;
}

/** A ZIP file of stored entries, true or not. */
export function zipOf(...entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, body, claims = body.length, flags = 0 } of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(flags, 6);
    local.writeUInt32LE(crc32(body), 14);
    local.writeUInt32LE(body.length, 18);
    local.writeUInt32LE(claims, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50);
    central.writeUInt16LE(flags, 8);
    central.writeUInt32LE(crc32(body), 16);
    central.writeUInt32LE(body.length, 20);
    central.writeUInt32LE(claims, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    files.push(local, Buffer.from(name), body);
    directory.push(central, Buffer.from(name));
    offset += local.length + name.length + body.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}

/** A file with these bytes, in a folder of its own. */
export async function fileOf(bytes: Buffer): Promise<{ path: string } & AsyncDisposable> {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-apk-"));
  const file = path.join(dir, "x.apk");
  await writeFile(file, bytes);
  return {
    path: file,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
