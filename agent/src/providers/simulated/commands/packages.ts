import { InstallRefusal } from "../apk.ts";
import type { SimPhone } from "../phone.ts";
import type { ShellCommand, ShellContext } from "../shell.ts";
import { builtInApps } from "../ui/scene.ts";
import { absolute } from "./files.ts";

const maxApkBytes = 2 * 1024 ** 3;

/** `pm install [-r] [-S SIZE] [FILE]`: from a file on the phone, or SIZE bytes of standard input. */
async function install({ phone, args, out, stdin }: ShellContext): Promise<number> {
  const sizeAt = args.indexOf("-S");
  const size = sizeAt === -1 ? null : Number(args[sizeAt + 1]);
  const file = args.filter(
    (arg, at) => !arg.startsWith("-") && (sizeAt === -1 || at !== sizeAt + 1),
  )[0];
  let bytes: Buffer | null | undefined;
  if (size !== null && size >= 0 && size <= maxApkBytes) bytes = await stdin.exactly(size);
  else if (file && file !== "-") bytes = phone.disk.files.get(absolute(file));
  if (!bytes) {
    await out("Failure [INSTALL_FAILED_INVALID_URI: the package can't be read]\n");
    return 1;
  }
  try {
    await phone.install(bytes);
    await out("Success\n");
    return 0;
  } catch (error) {
    const why = error instanceof InstallRefusal ? error.message : "INSTALL_FAILED_INTERNAL_ERROR";
    await out(`Failure [${why}]\n`);
    return 1;
  }
}

async function uninstall({ phone, args, out }: ShellContext): Promise<number> {
  const name = args.findLast((arg) => !arg.startsWith("-")) ?? "";
  const removed = phone.uninstall(name);
  await out(removed ? "Success\n" : "Failure [DELETE_FAILED_INTERNAL_ERROR]\n");
  return removed ? 0 : 1;
}

const features = [
  "android.hardware.touchscreen",
  "android.hardware.touchscreen.multitouch",
  "android.hardware.wifi",
  "android.software.home_screen",
];

interface Listed {
  readonly packageName: string;
  readonly path: string;
  readonly versionName: string;
  readonly versionCode: number;
  readonly launcher: string | null;
  readonly system: boolean;
}

/** What came with the phone has Android 13's own version. */
const builtIn = (packageName: string, launcher: string | null): Listed => ({
  packageName,
  path: `/system/app/${packageName}/base.apk`,
  versionName: "13",
  versionCode: 33,
  launcher,
  system: true,
});

const system: readonly Listed[] = [
  builtIn("android", null),
  builtIn("com.cloudphone.home", null),
  ...builtInApps.map((app) => builtIn(app.packageName, ".Main")),
];

function allPackages(phone: SimPhone): Listed[] {
  return [
    ...system,
    ...[...phone.disk.packages.values()].map((app) => ({ ...app, system: false })),
  ];
}

const find = (phone: SimPhone, packageName: string): Listed | undefined =>
  allPackages(phone).find((app) => app.packageName === packageName);

/** `pm list packages [-3] [-s] [-f] [--show-versioncode] [FILTER]`, `pm list features` */
async function list({ phone, args, out }: ShellContext): Promise<number> {
  const [what, ...flags] = args;
  if (what === "features") for (const feature of features) await out(`feature:${feature}\n`);
  if (what !== "packages") return 0;
  const filter = flags.find((flag) => !flag.startsWith("-")) ?? "";
  for (const { packageName, path, versionCode, system: ours } of allPackages(phone)) {
    if ((flags.includes("-3") && ours) || (flags.includes("-s") && !ours)) continue;
    if (!packageName.includes(filter)) continue;
    const file = flags.includes("-f") ? `${path}=` : "";
    const code = flags.includes("--show-versioncode") ? ` versionCode:${versionCode}` : "";
    await out(`package:${file}${packageName}${code}\n`);
  }
  return 0;
}

/** `cmd package query-activities --brief [INTENT…] PACKAGE` */
async function queryActivities({ phone, args, out }: ShellContext): Promise<number> {
  const found = find(phone, args.at(-1) ?? "");
  if (!found?.launcher) {
    await out("No activities found\n");
    return 0;
  }
  const how = "priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false";
  const component = `${found.packageName}/${found.launcher.replace(found.packageName, "")}`;
  await out(`1 activities found:\n  Activity #0:\n    ${how}\n    ${component}\n`);
  return 0;
}

/** `dumpsys package packages`: of all there is only what is asked for. */
export async function dumpPackages({ phone, out }: ShellContext): Promise<number> {
  await out("Packages:\n");
  for (const { packageName, versionCode, versionName } of allPackages(phone))
    await out(
      `  Package [${packageName}] (0):\n    versionCode=${versionCode} minSdk=26 targetSdk=33\n    versionName=${versionName}\n`,
    );
  return 0;
}

async function clear({ phone, args, out }: ShellContext): Promise<number> {
  const packageName = args.findLast((arg) => !arg.startsWith("-")) ?? "";
  const known = find(phone, packageName) !== undefined;
  if (known) {
    phone.stopApp(packageName);
    for (const file of phone.disk.files.keys())
      if (file.startsWith(`/data/data/${packageName}/`)) phone.disk.files.delete(file);
  }
  await out(known ? "Success\n" : "Failed\n");
  return known ? 0 : 1;
}

export const pm: ShellCommand = async (context) => {
  const { phone, out } = context;
  const [verb = "", ...args] = context.args;
  const inner = { ...context, args };
  switch (verb) {
    case "install":
      return install(inner);
    case "uninstall":
      return uninstall(inner);
    case "list":
      return list(inner);
    case "query-activities":
      return queryActivities(inner);
    case "clear":
      return clear(inner);
    case "path": {
      const installed = find(phone, args[0] ?? "");
      if (installed) await out(`package:${installed.path}\n`);
      return installed ? 0 : 1;
    }
    case "dump": {
      const found = find(phone, args[0] ?? "");
      if (found) await out(`versionCode=${found.versionCode}\nversionName=${found.versionName}\n`);
      return found ? 0 : 1;
    }
    default:
      await out(`Unknown command: ${verb}\n`);
      return 255;
  }
};

export const packageCommands: Record<string, ShellCommand> = { pm };
