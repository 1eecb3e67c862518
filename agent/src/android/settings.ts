import type { Proxy } from "@cloudphone/shared/android";

/** What Android tells of its settings, read. Pure. */

/** `settings get NAMESPACE KEY` prints "null" for what was never set. */
export function readSetting(output: string): string | null {
  const text = output.trim();
  return text === "null" || text === "" ? null : text;
}

/** The global setting http_proxy: "host:port"; ":0" is how a proxy is taken away at once, without a restart. */
export function readProxy(output: string): Proxy | null {
  const match = /^([^:\s]+):(\d+)$/.exec(readSetting(output) ?? "");
  return match && Number(match[2]) > 0 ? { host: match[1] ?? "", port: Number(match[2]) } : null;
}

/** `getprop` without a name: "[ro.build.version.sdk]: [33]"; a value may span lines. */
export function readProperties(output: string): Map<string, string> {
  const pairs = output.matchAll(/^\[([^\]\n]+)\]: \[([\s\S]*?)\]\r?$/gm);
  return new Map([...pairs].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

/**
 * The locale that is in force, from `am get-config`: "config: mcc262-mnc01-de-rDE-ldltr-sw411dp-…" or, for one with a script,
 * "config: b+zh+Hans+CN-ldltr-…". Null when it can't be told.
 */
export function readLocale(output: string): string | null {
  const config = /^config: (\S+)/m.exec(output)?.[1] ?? "";
  const bcp47 = /(?:^|-)b\+([A-Za-z0-9+]+)/.exec(config)?.[1];
  if (bcp47) return bcp47.replaceAll("+", "-");
  const plain = /^(?:mcc\d+-)?(?:mnc\d+-)?([a-z]{2,3})(?:-r([A-Z]{2}|\d{3}))?(?:[-,]|$)/.exec(
    config,
  );
  return plain ? [plain[1], plain[2]].filter(Boolean).join("-") : null;
}
