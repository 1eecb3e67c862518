import { Fault } from "@cloudphone/shared/fault";
import {
  readFirstActivity,
  readPackageList,
  readStartError,
  readVersionNames,
} from "../android/packages.ts";
import { type Phone, withPhone } from "./phone.ts";
import type { Handlers } from "./runner.ts";

/** Keeps the outcome, an event, well under the 256 KiB of a packet. */
const maxApps = 1000;

export const appHandlers: Pick<Handlers, Extract<keyof Handlers, `app.${string}`>> = {
  "app.install": async (
    { packageName, sha256, bytes, path },
    { device, files, signal, timeoutMs },
  ) => {
    const begun = performance.now();
    const apk = await files.fetch({ path, sha256, bytes }, signal);
    const downloaded = performance.now();
    const adb = await device.openAdb();
    try {
      await adb.install(apk, { timeoutMs });
    } finally {
      await adb.close();
    }
    return {
      packageName,
      downloadMs: Math.round(downloaded - begun),
      installMs: Math.round(performance.now() - downloaded),
    };
  },
  "app.uninstall": async ({ packageName }, { device, timeoutMs }) => {
    const adb = await device.openAdb();
    try {
      await adb.uninstall(packageName, { timeoutMs });
    } finally {
      await adb.close();
    }
    return { packageName };
  },
  "app.list": ({ system }, context) =>
    withPhone(context, async (phone) => {
      const names = await versionNames(phone);
      const kinds = system ? [false, true] : [false];
      const lists = await Promise.all(kinds.map((kind) => list(phone, kind)));
      const apps = lists.flat().map((app) => ({
        ...app,
        versionName: names.get(app.packageName)?.slice(0, 100) ?? null,
      }));
      return { apps: apps.slice(0, maxApps), truncated: apps.length > maxApps };
    }),
  "app.start": ({ packageName }, context) =>
    withPhone(context, async (phone) => {
      await installed(phone, packageName);
      const activity = await launcherOf(phone, packageName);
      const { output } = await phone.ask("am", "start", "-W", "-n", activity);
      const refused = readStartError(output);
      if (refused) throw new Fault("device_failed", `The phone did not start it: ${refused}`);
      return { packageName, activity };
    }),
  "app.stop": ({ packageName }, context) =>
    withPhone(context, async (phone) => {
      await installed(phone, packageName);
      await phone.run("am", "force-stop", packageName);
      return { packageName };
    }),
  "app.clear": ({ packageName }, context) =>
    withPhone(context, async (phone) => {
      await installed(phone, packageName);
      const { output } = await phone.ask("pm", "clear", packageName);
      if (!/^Success/m.test(output))
        throw new Fault(
          "device_failed",
          `The phone did not clear ${packageName}: ${output.trim().slice(0, 300)}`,
        );
      return { packageName };
    }),
};

/** `am` and `pm` say nothing, or "Failed", of an app that is not there. */
async function installed(phone: Phone, packageName: string): Promise<void> {
  const { output } = await phone.ask("pm", "path", packageName);
  if (!/^package:/m.test(output))
    throw new Fault("not_found", `${packageName} is not installed on the phone.`);
}

const launcherIntent = [
  "-a",
  "android.intent.action.MAIN",
  "-c",
  "android.intent.category.LAUNCHER",
];

async function launcherOf(phone: Phone, packageName: string): Promise<string> {
  const query = ["cmd", "package", "query-activities", "--brief", ...launcherIntent, packageName];
  const activity = readFirstActivity(await phone.run(...query), packageName);
  if (activity) return activity;
  throw new Fault(
    "unsupported",
    `${packageName} has no screen to start: it has no launcher activity.`,
  );
}

async function list(phone: Phone, system: boolean) {
  const command = ["pm", "list", "packages", system ? "-s" : "-3"];
  const coded = await phone.ask(...command, "--show-versioncode");
  // Before Android 8 there is no such option.
  const output = coded.exitCode === 0 ? coded.output : await phone.run(...command);
  return readPackageList(output).map((app) => ({ ...app, system }));
}

/** The names are only in the dump, which is megabytes: the phone picks the lines. */
async function versionNames(phone: Phone): Promise<Map<string, string>> {
  const pick = "dumpsys package packages | grep -e 'Package \\[' -e versionName=";
  const { output } = await phone.ask("sh", "-c", pick);
  return readVersionNames(output);
}
