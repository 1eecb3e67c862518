import type { ShellCommand } from "../shell.ts";
import { absolute } from "./files.ts";

/** `find FOLDER… [-mindepth 1] [-type f|d] [-delete]` */
export const find: ShellCommand = async ({ phone, args, out }) => {
  const at = args.findIndex((arg) => arg.startsWith("-"));
  const roots = at === -1 ? args : args.slice(0, at);
  const flags = at === -1 ? [] : args.slice(at);
  const type = flags[flags.indexOf("-type") + 1];
  const { files, folders } = phone.disk;
  for (const root of roots) {
    const below = (name: string): boolean => name.startsWith(`${absolute(root)}/`);
    const shown = (name: string): string =>
      root.replace(/\/$/, "") + name.slice(absolute(root).length);
    for (const [names, kind] of [
      [files, "f"],
      [folders, "d"],
    ] as const) {
      if (flags.includes("-type") && type !== kind) continue;
      for (const name of [...names.keys()].filter(below))
        if (flags.includes("-delete")) names.delete(name);
        else await out(`${shown(name)}\n`);
    }
  }
  return 0;
};
