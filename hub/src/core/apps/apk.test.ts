import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { realApk, zipOf } from "@cloudphone/testing/apk";
import { expect, test } from "vitest";
import { readApk } from "./apk.ts";

test("a real package tells its name and versions", async () => {
  expect(await readApk(realApk)).toMatchObject({
    packageName: "io.appium.settings",
    versionName: "8.0.10",
    versionCode: 192,
  });
});

test.each([
  ["no ZIP at all", Buffer.from("hello"), /not a ZIP/],
  ["a ZIP without a manifest", zipOf("readme.txt", Buffer.from("x")), /no AndroidManifest/],
  [
    "a name that climbs out",
    zipOf("../../etc/passwd", Buffer.from("x")),
    /invalid relative path|climb|\.\./,
  ],
  ["a size that is a lie", zipOf("classes.dex", Buffer.from("x"), 4_000_000), /size|mismatch/i],
  [
    "a manifest that is none",
    zipOf("AndroidManifest.xml", Buffer.from("<manifest/>")),
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
