import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { realApk, zipOf, zipOfAll } from "@cloudphone/testing/apk";
import { expect, test } from "vitest";
import { readApk } from "./apk.ts";

const run = promisify(execFile);
const manifest = "AndroidManifest.xml";
const x = Buffer.from("x");

/** A file with these bytes, in a folder of its own. */
async function fileOf(bytes: Buffer): Promise<{ path: string } & AsyncDisposable> {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-apk-"));
  const file = path.join(dir, "x.apk");
  await writeFile(file, bytes);
  return { path: file, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

test("a real package tells its name and versions", async () => {
  expect(await readApk(realApk)).toMatchObject({
    packageName: "io.appium.settings",
    versionName: "8.0.10",
    versionCode: 192,
  });
});

test.each([
  ["no ZIP at all", Buffer.from("hello"), /not a ZIP/],
  ["a ZIP without a manifest", zipOf("readme.txt", x), /no AndroidManifest/],
  ["a name that climbs out", zipOf("../../etc/passwd", x), /invalid relative path/],
  ["a name from the root", zipOf("/etc/passwd", x), /absolute path/],
  ["a name with backslashes", zipOf("..\\..\\x", x), /invalid|relative/],
  ["a size that is a lie", zipOf("classes.dex", x, 4_000_000), /size|mismatch/i],
  [
    "a file that is encrypted",
    zipOfAll([{ name: "a", body: Buffer.alloc(13), claims: 1, flags: 1 }]),
    /: a is encrypted\.$/,
  ],
  [
    "a second manifest",
    zipOfAll([
      { name: manifest, body: x },
      { name: manifest, body: x },
    ]),
    /two manifests/,
  ],
  [
    "a manifest larger than memory should hold",
    zipOf(manifest, Buffer.alloc(4 * 1024 ** 2 + 1)),
    /more than is allowed/,
  ],
  [
    "a manifest that is none",
    zipOf(manifest, Buffer.from("<manifest/>")),
    /manifest can't be read|no valid package/,
  ],
])("%s is refused with the reason", async (_what, bytes, reason) => {
  await using file = await fileOf(bytes);
  await expect(readApk(file.path)).rejects.toMatchObject({
    code: "bad_package",
    message: expect.stringMatching(reason),
  });
});

test("a manifest with a chunk of no size is refused, instead of holding up the hub for ever", async () => {
  const endless = Buffer.alloc(64);
  endless.writeUInt32LE(0x0008_0003, 0);
  endless.writeUInt32LE(64, 4);
  await using file = await fileOf(zipOf(manifest, endless));
  // In a process of its own, which can be ended should it go round for ever.
  const program = `
    import { readApk } from ${JSON.stringify(path.join(import.meta.dirname, "apk.ts"))};
    await readApk(process.argv[1]).catch((error) => console.log(error.code));`;
  const { stdout } = await run(
    process.execPath,
    ["--input-type=module", "-e", program, file.path],
    { cwd: import.meta.dirname, timeout: 15_000, killSignal: "SIGKILL" },
  );
  expect(stdout.trim()).toBe("bad_package");
}, 20_000);
