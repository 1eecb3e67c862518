import { execFile } from "node:child_process";
import {
  copyFile,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const root = path.resolve(import.meta.dirname, "../..");

/** A throw-away copy of this checkout, as it lies there, committed or not. Its packages are links to the ones installed here. */
export class Checkout implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** `changing`: the files that will be changed, as far as they lie in packages. */
  static async copy(changing: readonly string[]): Promise<Checkout> {
    const checkout = new Checkout(await mkdtemp(path.join(tmpdir(), "cloudphone-guards-")));
    const { stdout } = await run(
      "git",
      ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
      { cwd: root, maxBuffer: 64 * 1024 ** 2 },
    );
    const files = stdout.split("\0").filter((file) => file !== "");
    for (const file of files) {
      const from = path.join(root, file);
      if (!(await stat(from).catch(() => null))?.isFile()) continue;
      await mkdir(path.dirname(path.join(checkout.dir, file)), { recursive: true });
      await copyFile(from, path.join(checkout.dir, file));
    }
    const packages = files.filter((file) => path.basename(file) === "package.json");
    for (const file of packages)
      await checkout.#link(path.join(path.dirname(file), "node_modules"));
    // Before anything runs: what was resolved through a link once may be remembered.
    for (const file of changing) await checkout.#own(file);
    return checkout;
  }

  /** Writes another text in a place of a file, until the returned function puts the old one back. */
  async change(file: string, place: { text: string; by: string }): Promise<() => Promise<void>> {
    const at = path.join(this.dir, file);
    const before = await readFile(at, "utf8");
    if (before.split(place.text).length !== 2)
      throw new Error(`the guard does not stand in ${file}, or more than once`);
    await writeFile(
      at,
      before.replace(place.text, () => place.by),
    );
    return () => writeFile(at, before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Packages of the workspace are the copy's own; all others are those installed in this checkout. */
  async #link(folder: string): Promise<void> {
    const names = await readdir(path.join(root, folder)).catch(() => []);
    await mkdir(path.join(this.dir, folder), { recursive: true });
    for (const name of names) {
      const entry = path.join(folder, name);
      if (name === ".cache") continue;
      if (name.startsWith("@")) {
        await this.#link(entry);
        continue;
      }
      const target = await realpath(path.join(root, entry));
      const inside = path.relative(root, target);
      const own = !inside.startsWith("..") && !inside.split(path.sep).includes("node_modules");
      await symlink(own ? path.join(this.dir, inside) : target, path.join(this.dir, entry));
    }
  }

  /** A file of a linked package must not be written through the link: the package is copied first. */
  async #own(file: string): Promise<void> {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
    if (!match?.[1]) return;
    const folder = path.join(this.dir, match[1]);
    if (!(await lstat(folder)).isSymbolicLink()) return;
    const target = await realpath(folder);
    await rm(folder);
    await cp(target, folder, { recursive: true });
  }
}
