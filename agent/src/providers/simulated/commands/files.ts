import { createHash } from "node:crypto";
import path from "node:path";
import type { ShellCommand } from "../shell.ts";
import type { SimPhone } from "../phone.ts";
import type { Disk } from "../state.ts";

/** Directories are what files' paths imply, and these. */
const standing = [
  "/",
  "/data",
  "/data/local",
  "/data/local/tmp",
  "/sdcard",
  "/sdcard/Download",
  "/system",
];

export const absolute = (file: string): string => path.posix.resolve("/", file);

type Tree = Pick<Disk, "files" | "folders">;

export function isDirectory({ files, folders }: Tree, name: string): boolean {
  const folder = absolute(name);
  if (folders.has(folder)) return true;
  const prefix = folder === "/" ? "/" : `${folder}/`;
  return standing.includes(folder) || [...files.keys()].some((file) => file.startsWith(prefix));
}

/** The names directly inside a directory. */
export function listDirectory({ files, folders }: Tree, name: string): string[] {
  const folder = absolute(name);
  const prefix = folder === "/" ? "/" : `${folder}/`;
  const names = [...files.keys(), ...folders, ...standing]
    .filter((file) => file.startsWith(prefix) && file !== folder)
    .map((file) => file.slice(prefix.length).split("/")[0] ?? "");
  return [...new Set(names)].filter((entry) => entry !== "").toSorted();
}

const paths = (args: readonly string[]): string[] => args.filter((arg) => !arg.startsWith("-"));

const missing = (command: string, file: string): string =>
  `${command}: ${file}: No such file or directory\n`;

/** Also the one file of the kernel that is asked for. */
function readFile(phone: SimPhone, file: string): Buffer | undefined {
  if (file === "/proc/sys/kernel/random/boot_id") return Buffer.from(`${phone.instanceId}\n`);
  return phone.disk.files.get(file);
}

export const fileCommands: Record<string, ShellCommand> = {
  ls: async ({ phone, args, out, err }) => {
    const [target = "/"] = paths(args);
    const listed = args.includes("-d") ? [target] : listDirectory(phone.disk, target);
    if (phone.disk.files.has(absolute(target))) await out(`${target}\n`);
    else if (isDirectory(phone.disk, target)) for (const name of listed) await out(`${name}\n`);
    else {
      await err(missing("ls", target));
      return 1;
    }
    return 0;
  },
  cat: async ({ phone, args, out, err, stdin }) => {
    let code = 0;
    if (paths(args).length === 0)
      for (let chunk = await stdin.some(); chunk; chunk = await stdin.some()) await out(chunk);
    for (const file of paths(args)) {
      const bytes = readFile(phone, absolute(file));
      if (bytes) await out(bytes);
      else {
        await err(missing("cat", file));
        code = 1;
      }
    }
    return code;
  },
  rm: async ({ phone, args, err }) => {
    const flags = args.filter((arg) => arg.startsWith("-")).join("");
    let code = 0;
    for (const target of paths(args)) {
      const file = absolute(target);
      const gone =
        phone.disk.files.delete(file) || (flags.includes("r") && isDirectory(phone.disk, file));
      const below = [...phone.disk.files.keys()].filter((name) => name.startsWith(`${file}/`));
      if (flags.includes("r")) {
        for (const name of below) phone.disk.files.delete(name);
        for (const name of phone.disk.folders)
          if (`${name}/`.startsWith(`${file}/`)) phone.disk.folders.delete(name);
      }
      if (gone || flags.includes("f")) continue;
      await err(missing("rm", target));
      code = 1;
    }
    return code;
  },
  mv: async ({ phone, args, err }) => {
    const [from = "", to = ""] = paths(args);
    const bytes = phone.disk.files.get(absolute(from));
    if (!bytes) {
      await err(missing("mv", from));
      return 1;
    }
    phone.disk.files.delete(absolute(from));
    phone.disk.files.set(absolute(to), bytes);
    return 0;
  },
  cp: async ({ phone, args, err }) => {
    const [from = "", to = ""] = paths(args);
    const bytes = phone.disk.files.get(absolute(from));
    if (bytes) phone.writeFile(absolute(to), bytes);
    else await err(missing("cp", from));
    return bytes ? 0 : 1;
  },
  stat: async ({ phone, args, out }) => {
    const [file = ""] = paths(args).slice(-1);
    const bytes = phone.disk.files.get(absolute(file));
    await out(bytes ? `  File: ${file}\n  Size: ${bytes.length}\n` : missing("stat", file));
    return bytes ? 0 : 1;
  },
  sha256sum: async ({ phone, args, out, err }) => {
    const [file = ""] = paths(args);
    const bytes = phone.disk.files.get(absolute(file));
    if (bytes) await out(`${createHash("sha256").update(bytes).digest("hex")}  ${file}\n`);
    else await err(missing("sha256sum", file));
    return bytes ? 0 : 1;
  },
  mkdir: async ({ phone, args }) => {
    for (const folder of paths(args)) phone.disk.folders.add(absolute(folder));
    return await Promise.resolve(0);
  },
  chmod: async () => await Promise.resolve(0),
  touch: async ({ phone, args }) => {
    for (const file of paths(args))
      if (!phone.disk.files.has(absolute(file)))
        phone.disk.files.set(absolute(file), Buffer.alloc(0));
    return await Promise.resolve(0);
  },
  df: async ({ out }) => {
    await out(
      "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/sim 8388608 1048576 7340032 13% /data\n",
    );
    return 0;
  },
};
