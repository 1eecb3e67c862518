import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice, ShellOptions } from "../../adb/adb.ts";
import { type Contents, fileRoots, parsePackages, readContents } from "./contents.ts";
import { leftovers, packagesToClear, settingChanges } from "./wipe-plan.ts";

const callMs = 20_000;
const passes = 3;

interface Wipe {
  readonly baseline: Contents;
  /** 16 hexadecimal digits. */
  readonly androidId: string;
  readonly signal: AbortSignal;
}

/**
 * Takes from a phone, over adb and without root, what was put on it since its baseline: apps uninstalled, the data of the others cleared, files removed,
 * settings, language and time zone changed back, a new android_id. Then looks whether anything is left and does it again; what stays is a
 * `device_failed` that names it, and the phone must not be let. Repeated, it does no harm.
 */
export async function wipePhone(
  device: Pick<AdbDevice, "shell">,
  { baseline, androidId, signal }: Wipe,
): Promise<void> {
  const options = { timeoutMs: callMs, signal };
  let left: string[] = [];
  for (let pass = 1; pass <= passes; pass++) {
    await removeApps(device, baseline, options);
    await removeFiles(device, options);
    await changeBack(device, baseline, options);
    await device.shell(["settings", "put", "secure", "android_id", androidId], options);
    await device.shell(["logcat", "-b", "all", "-c"], options);
    left = leftovers(baseline, await readContents(device, options));
    if (left.length === 0) return;
  }
  const some = left.slice(0, 5).join(", ");
  throw new Fault(
    "device_failed",
    `The phone could not be cleaned: ${some}${left.length > 5 ? `, and ${left.length - 5} more` : ""} stayed. Remove it by hand, or reset the phone in its settings.`,
  );
}

async function removeApps(
  device: Pick<AdbDevice, "shell">,
  baseline: Contents,
  options: ShellOptions,
): Promise<void> {
  const list = async (...flags: string[]): Promise<string[]> =>
    parsePackages((await device.shell(["pm", "list", "packages", ...flags], options)).output);
  const added = (await list("-3")).filter((name) => !baseline.packages.includes(name));
  // An app that made itself administrator of the phone can't be uninstalled before it is none.
  for (const name of added) {
    await device.shell(["am", "force-stop", name], options);
    const { output } = await device.shell(["pm", "uninstall", name], options);
    if (!/^Success/m.test(output)) {
      await device.shell(["dpm", "remove-active-admin", name], options);
      await device.shell(["pm", "uninstall", name], options);
    }
  }
  const withIcon = await packagesWithIcon(device, options);
  for (const name of packagesToClear(baseline, { installed: await list(), withIcon }))
    await device.shell(["pm", "clear", name], options);
}

/** Those that people open: each line of the answer is "package/activity". */
async function packagesWithIcon(
  device: Pick<AdbDevice, "shell">,
  options: ShellOptions,
): Promise<string[]> {
  const query = [
    "cmd",
    "package",
    "query-activities",
    "--brief",
    "-a",
    "android.intent.action.MAIN",
  ];
  const launchers = [...query, "-c", "android.intent.category.LAUNCHER"];
  const { output } = await device.shell(launchers, options);
  return [...new Set([...output.matchAll(/^\s*([\w.]+)\/\S+\s*$/gm)].map(([, name = ""]) => name))];
}

async function removeFiles(device: Pick<AdbDevice, "shell">, options: ShellOptions): Promise<void> {
  for (const root of fileRoots)
    await device.shell(["find", root, "-mindepth", "1", "-delete"], options);
}

async function changeBack(
  device: Pick<AdbDevice, "shell">,
  baseline: Contents,
  options: ShellOptions,
): Promise<void> {
  const now = await readContents(device, options);
  for (const [namespace, name, value] of settingChanges(baseline, now))
    await device.shell(
      value === null
        ? ["settings", "delete", namespace, name]
        : ["settings", "put", namespace, name, value],
      options,
    );
  if (now.timeZone !== baseline.timeZone) {
    await device.shell(["cmd", "alarm", "set-timezone", baseline.timeZone], options);
    await device.shell(["setprop", "persist.sys.timezone", baseline.timeZone], options);
  }
  if (now.locale !== baseline.locale)
    await device.shell(["setprop", "persist.sys.locale", baseline.locale], options);
}
