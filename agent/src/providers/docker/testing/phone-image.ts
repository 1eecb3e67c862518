import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { PNG } from "pngjs";

const run = promisify(execFile);
const sources = path.join(import.meta.dirname, "image");

/** The real APK that tests install, and the package that is in it. */
export const testApk = {
  file: path.join(
    path.dirname(createRequire(import.meta.url).resolve("io.appium.settings/package.json")),
    "apks/settings_apk-debug.apk",
  ),
  package: "io.appium.settings",
};

/**
 * The root file system of a phone for tests, as a tar for `docker import`: the real adbd of Debian, a busybox, and a few lines of shell for each thing that Android
 * adds. Built with apt's own client beside the machine's own state, from the mirror that the machine uses; kept in the temporary folder for the next test.
 */
export async function phoneImage(): Promise<string> {
  const tar = path.join(tmpdir(), `cloudphone-test-phone-${await fingerprint()}.tar`);
  try {
    await access(tar);
    return tar;
  } catch {
    // Not built yet.
  }
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-test-phone-"));
  try {
    const root = path.join(dir, "root");
    await unpackPackages(dir, root);
    await addAndroid(root);
    const unfinished = path.join(dir, "image.tar");
    await run("tar", ["-C", root, "-cf", unfinished, "."]);
    await rename(unfinished, tar);
    return tar;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function fingerprint(): Promise<string> {
  const hash = createHash("sha256").update(await readFile(import.meta.filename));
  const files = await readdir(sources, { recursive: true, withFileTypes: true });
  for (const file of files
    .filter((entry) => entry.isFile())
    .sort((a, b) => (a.name < b.name ? -1 : 1)))
    hash.update(file.name).update(await readFile(path.join(file.parentPath, file.name)));
  hash.update(await readFile(testApk.file));
  return hash.digest("hex").slice(0, 16);
}

async function unpackPackages(dir: string, root: string): Promise<void> {
  const { stdout } = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  const mirror = stdout
    .split("\n")
    .map((line) => line.split(" "))
    .find(([uri, component]) => component === "main" && uri && !uri.includes("security"))?.[0];
  if (!mirror) throw new Error("this machine has no Debian mirror among its apt sources");
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  await writeFile(path.join(dir, "s.list"), `deb [signed-by=${keys}] ${mirror} trixie main\n`);
  await writeFile(path.join(dir, "status"), "");
  const options = [
    `Dir::Etc::sourcelist=${dir}/s.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::lists=${dir}/lists`,
    `Dir::Cache=${dir}/cache`,
    `Dir::State::status=${dir}/status`,
    "Acquire::Languages=none",
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  for (const name of ["lists/partial", "cache/archives/partial"])
    await mkdir(path.join(dir, name), { recursive: true });
  await run("apt-get", [...options, "update", "-qq"]);
  await run("apt-get", [
    ...options,
    "install",
    "-y",
    "-qq",
    "--no-install-recommends",
    "--download-only",
    "adbd",
    "busybox-static",
  ]);
  await mkdir(root);
  const archives = path.join(dir, "cache/archives");
  for (const file of await readdir(archives))
    if (file.endsWith(".deb")) await run("dpkg-deb", ["-x", path.join(archives, file), root]);
}

async function addAndroid(root: string): Promise<void> {
  const at = (name: string): string => path.join(root, name);
  for (const dir of ["system/bin", "system/etc", "system/media", "data", "data-base", "data-diff"])
    await mkdir(at(dir), { recursive: true });
  for (const dir of ["proc", "sys", "dev", "tmp", "etc", "usr/sbin"])
    await mkdir(at(dir), { recursive: true });
  // Debian's packages put everything under /usr since trixie.
  for (const name of ["bin", "sbin", "lib", "lib64"])
    await symlink(`usr/${name}`, at(name)).catch(() => undefined);
  const busybox = at("usr/bin/busybox");
  const { stdout } = await run(busybox, ["--list"]);
  for (const applet of stdout.trim().split("\n"))
    await symlink("/usr/bin/busybox", at(`usr/bin/${applet}`)).catch(() => undefined);
  await symlink("/usr/bin/sh", at("system/bin/sh"));
  await symlink("/data/media/0", at("sdcard"));
  await writeFile(at("etc/passwd"), "root:x:0:0:root:/:/bin/sh\nshell:x:2000:2000::/:/bin/sh\n");
  await copyFile(path.join(sources, "init"), at("init"));
  for (const shim of await readdir(path.join(sources, "bin"))) {
    await rm(at(`usr/bin/${shim}`), { force: true });
    await copyFile(path.join(sources, "bin", shim), at(`usr/bin/${shim}`));
    await chmod(at(`usr/bin/${shim}`), 0o755);
  }
  await chmod(at("init"), 0o755);
  const sum = createHash("sha256")
    .update(await readFile(testApk.file))
    .digest("hex");
  await writeFile(at("system/etc/known-apks"), `${sum} ${testApk.package}\n`);
  await writeFile(
    at("system/media/screen.png"),
    PNG.sync.write(new PNG({ width: 360, height: 640 })),
  );
}
