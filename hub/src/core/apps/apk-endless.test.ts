import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { readApk } from "./apk.ts";

/** A ZIP file with this manifest, stored. */
function zipOf(manifest: Buffer): Buffer {
  const name = Buffer.from("AndroidManifest.xml");
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50);
  local.writeUInt32LE(crc32(manifest), 14);
  local.writeUInt32LE(manifest.length, 18);
  local.writeUInt32LE(manifest.length, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50);
  central.writeUInt32LE(crc32(manifest), 16);
  central.writeUInt32LE(manifest.length, 20);
  central.writeUInt32LE(manifest.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + manifest.length, 16);
  return Buffer.concat([local, name, manifest, central, name, end]);
}

test("a manifest with a chunk of no size is refused, instead of holding up the hub for ever", async () => {
  const manifest = Buffer.alloc(64);
  manifest.writeUInt32LE(0x0008_0003, 0);
  manifest.writeUInt32LE(64, 4);
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-apk-"));
  try {
    const file = path.join(dir, "x.apk");
    await writeFile(file, zipOf(manifest));
    await expect(readApk(file)).rejects.toMatchObject({ code: "bad_package" });
  } finally {
    await rm(dir, { recursive: true });
  }
});
