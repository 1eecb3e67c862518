import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { readApk } from "./apk.ts";

const real = path.join(
  path.dirname(createRequire(import.meta.url).resolve("io.appium.settings/package.json")),
  "apks/settings_apk-debug.apk",
);

/** A ZIP of one stored file; `claims` is the size its headers tell. */
function zip(name: string, body: Buffer, claims = body.length): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50);
  local.writeUInt32LE(body.length, 18);
  local.writeUInt32LE(claims, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50);
  central.writeUInt32LE(body.length, 20);
  central.writeUInt32LE(claims, 24);
  central.writeUInt16LE(name.length, 28);
  const files = Buffer.concat([local, Buffer.from(name), body]);
  const directory = Buffer.concat([central, Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(files.length, 16);
  return Buffer.concat([files, directory, end]);
}

test("a real package tells its name and versions", async () => {
  expect(await readApk(real)).toMatchObject({
    packageName: "io.appium.settings",
    versionName: "8.0.10",
    versionCode: 192,
  });
});

test.each([
  ["no ZIP at all", Buffer.from("hello"), /not a ZIP/],
  ["a ZIP without a manifest", zip("readme.txt", Buffer.from("x")), /no AndroidManifest/],
  [
    "a name that climbs out",
    zip("../../etc/passwd", Buffer.from("x")),
    /invalid relative path|climb|\.\./,
  ],
  ["a size that is a lie", zip("classes.dex", Buffer.from("x"), 4_000_000), /size|mismatch/i],
  [
    "a manifest that is none",
    zip("AndroidManifest.xml", Buffer.from("<manifest/>")),
    /manifest can't be read|no valid package/,
  ],
])("%s is refused with the reason", async (_what, bytes, reason) => {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-apk-"));
  const file = path.join(dir, "x.apk");
  await writeFile(file, bytes);
  await expect(readApk(file)).rejects.toMatchObject({
    code: "bad_package",
    message: expect.stringMatching(reason),
  });
  await rm(dir, { recursive: true });
});
