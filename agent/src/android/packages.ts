/** What Android's package manager prints, read. Pure. Lines may end in \r: shells before Android 7 print through a terminal. */

export interface ListedPackage {
  readonly packageName: string;
  readonly versionCode: number | null;
}

/** `pm list packages [--show-versioncode]`: "package:com.example.app versionCode:57", since Android 8 with the code. */
export function readPackageList(output: string): ListedPackage[] {
  return [...output.matchAll(/^package:(\S+)(?:[ \t]+versionCode:(\d+))?/gm)].map((match) => ({
    packageName: match[1] ?? "",
    versionCode: match[2] === undefined ? null : Number(match[2]),
  }));
}

/**
 * The versions in `dumpsys package packages`. A system app that was updated has a second, older record under "Hidden system packages": the first
 * one counts.
 */
export function readVersionNames(output: string): Map<string, string> {
  const names = new Map<string, string>();
  let current: string | null = null;
  for (const line of output.split(/\r?\n/)) {
    const begun = /^\s*Package \[([^\]]+)\]/.exec(line);
    if (begun) current = begun[1] ?? null;
    const version = /^\s*versionName=(.*)$/.exec(line)?.[1]?.trim();
    if (current !== null && version !== undefined && !names.has(current))
      names.set(current, version === "null" ? "" : version);
  }
  return names;
}

/** The first component of `cmd package query-activities --brief`: "com.example.app/.Main" on a line of its own. */
export function readFirstActivity(output: string, packageName: string): string | null {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  return lines.find((line) => line.startsWith(`${packageName}/`) && !/\s/.test(line)) ?? null;
}

/** Why `am start` did not start anything, in its own words; null when it did. A warning is no refusal. */
export function readStartError(output: string): string | null {
  return /^(?:Error: .*|.*Exception: .*)$/m.exec(output)?.[0].trim() ?? null;
}
