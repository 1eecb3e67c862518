import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { zipOf } from "@cloudphone/testing/apk";
import { expect, test } from "vitest";
import { readApk } from "./apk.ts";

test("a manifest with a chunk of no size is refused, instead of holding up the hub for ever", async () => {
  const manifest = Buffer.alloc(64);
  manifest.writeUInt32LE(0x0008_0003, 0);
  manifest.writeUInt32LE(64, 4);
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-apk-"));
  try {
    const file = path.join(dir, "x.apk");
    await writeFile(file, zipOf("AndroidManifest.xml", manifest));
    await expect(readApk(file)).rejects.toMatchObject({ code: "bad_package" });
  } finally {
    await rm(dir, { recursive: true });
  }
});
