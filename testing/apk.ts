import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { crc32, inflateRawSync } from "node:zlib";

/** A real package of 3 MB, from npm's io.appium.settings: what tests and benchmarks install. */
export const realApk = path.join(
  path.dirname(createRequire(import.meta.url).resolve("io.appium.settings/package.json")),
  "apks/settings_apk-debug.apk",
);

/** The least that is still a package: a ZIP of nothing but the real one's binary manifest. Its name is the real one's, its size 8 kB. */
export function smallApk(): Buffer {
  const apk = readFileSync(realApk);
  // Central directory header, APPNOTE 4.3.12: sizes and local offset stand 26 to 4 bytes before the name.
  const name = apk.lastIndexOf("AndroidManifest.xml");
  const local = apk.readUInt32LE(name - 4);
  const start = local + 30 + apk.readUInt16LE(local + 26) + apk.readUInt16LE(local + 28);
  const packed = apk.subarray(start, start + apk.readUInt32LE(name - 26));
  const stored = apk.readUInt16LE(name - 36) === 0;
  return zipOf("AndroidManifest.xml", stored ? packed : inflateRawSync(packed));
}

/** A ZIP of one stored file; `claims` is the size its headers tell. */
export const zipOf = (name: string, body: Buffer, claims = body.length): Buffer =>
  zipOfAll([{ name, body, claims }]);

export interface ZipEntry {
  readonly name: string;
  readonly body: Buffer;
  /** The unpacked size its headers tell; its own unless said otherwise. */
  readonly claims?: number;
  /** General purpose flags (APPNOTE 4.4.4); 1: encrypted. */
  readonly flags?: number;
}

/** A ZIP of stored files, true or not (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
export function zipOfAll(entries: readonly ZipEntry[]): Buffer {
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
