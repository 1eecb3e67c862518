import type { AdbDevice, ShellOptions } from "../../adb/adb.ts";

export const namespaces = ["system", "secure", "global"] as const;
export type Namespace = (typeof namespaces)[number];

/** What of a phone a customer could have changed, as far as adb without root can see it. */
export interface Contents {
  /** Installed by somebody, not with the phone. */
  readonly packages: readonly string[];
  readonly settings: Readonly<Record<Namespace, Readonly<Record<string, string>>>>;
  /** "name (type)" */
  readonly accounts: readonly string[];
  /** Under /sdcard and /data/local/tmp. */
  readonly files: readonly string[];
  readonly timeZone: string;
  readonly locale: string;
  /** Null on a phone that does not tell. */
  readonly screenLock: boolean | null;
}

/** Where a customer's files lie. The slash matters: /sdcard is a link. */
export const fileRoots = ["/sdcard/", "/data/local/tmp/"] as const;

export async function readContents(
  device: Pick<AdbDevice, "shell">,
  options: ShellOptions,
): Promise<Contents> {
  const say = async (...args: string[]): Promise<string> =>
    (await device.shell(args, options)).output;
  const settingsOf = async (namespace: Namespace) =>
    parseSettings(await say("settings", "list", namespace));
  return {
    packages: parsePackages(await say("pm", "list", "packages", "-3")),
    settings: {
      system: await settingsOf("system"),
      secure: await settingsOf("secure"),
      global: await settingsOf("global"),
    },
    accounts: parseAccounts(await say("dumpsys", "account")),
    files: parseFiles(await say("find", ...fileRoots, "-type", "f")),
    timeZone: (await say("getprop", "persist.sys.timezone")).trim(),
    locale: (await say("getprop", "persist.sys.locale")).trim(),
    screenLock: parseLock(await say("locksettings", "verify")),
  };
}

export const parsePackages = (printed: string): string[] =>
  [...printed.matchAll(/^package:(\S+)\r?$/gm)].map((match) => match[1] ?? "").toSorted();

/** "name=value"; a line that is none belongs to the value above it. */
export function parseSettings(printed: string): Record<string, string> {
  const found: Record<string, string> = {};
  let last: string | null = null;
  for (const line of printed.split(/\r?\n/)) {
    const [, name, value = ""] = /^([\w.:/@-]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      found[name] = value;
      last = name;
    } else if (last !== null && line !== "") found[last] += `\n${line}`;
  }
  return found;
}

export const parseAccounts = (printed: string): string[] =>
  [
    ...new Set(
      [...printed.matchAll(/Account \{name=([^,}]*), type=([^}]*)\}/g)].map(
        ([, name, type]) => `${name} (${type})`,
      ),
    ),
  ].toSorted();

const parseFiles = (printed: string): string[] =>
  printed.split("\n").filter((line) => fileRoots.some((root) => line.startsWith(root)));

/** `locksettings verify` succeeds without the old credential only where there is none. */
export function parseLock(printed: string): boolean | null {
  if (/verified successfully/i.test(printed)) return false;
  return /didn't match|incorrect|wrong/i.test(printed) ? true : null;
}
