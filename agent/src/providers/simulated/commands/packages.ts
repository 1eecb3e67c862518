import { InstallRefusal } from "../apk.ts";
import type { ShellCommand, ShellContext } from "../shell.ts";
import { builtInApps, launch, packageOf } from "../ui/scene.ts";
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

const system = ["android", "com.cloudphone.home", ...builtInApps.map((app) => app.packageName)];

const features = [
  "android.hardware.touchscreen",
  "android.hardware.touchscreen.multitouch",
  "android.hardware.wifi",
  "android.software.home_screen",
];

async function list({ phone, args, out }: ShellContext): Promise<number> {
  if (args[0] === "features") for (const feature of features) await out(`feature:${feature}\n`);
  if (args[0] !== "packages") return 0;
  const own = [...phone.disk.packages.values()];
  const thirdParty = args.includes("-3");
  for (const name of thirdParty ? [] : system) await out(`package:${name}\n`);
  for (const { packageName, path } of own)
    await out(
      args.includes("-f") ? `package:${path}=${packageName}\n` : `package:${packageName}\n`,
    );
  return 0;
}

const pm: ShellCommand = async (context) => {
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
    case "path": {
      const installed = phone.disk.packages.get(args[0] ?? "");
      if (installed) await out(`package:${installed.path}\n`);
      return installed ? 0 : 1;
    }
    case "clear": {
      const known = phone.disk.packages.has(args[0] ?? "");
      for (const file of phone.disk.files.keys())
        if (file.startsWith(`/data/data/${args[0]}/`)) phone.disk.files.delete(file);
      await out(known ? "Success\n" : "Failed\n");
      return known ? 0 : 1;
    }
    case "dump": {
      const found = phone.disk.packages.get(args[0] ?? "");
      if (found) await out(`versionCode=${found.versionCode}\nversionName=${found.versionName}\n`);
      return found ? 0 : 1;
    }
    default:
      await out(`pm: ${verb} is not simulated\n`);
      return 1;
  }
};

const target = (component: string): string => component.split("/")[0] ?? "";

/** `am start [-n PACKAGE/ACTIVITY] [PACKAGE]`, `am force-stop PACKAGE` */
const am: ShellCommand = async ({ phone, args, out }) => {
  const [verb] = args;
  const named = args[args.indexOf("-n") + 1];
  const packageName = target(args.includes("-n") && named ? named : (args.at(-1) ?? ""));
  if (verb === "start" || verb === "start-activity") {
    const opened = launch(phone, packageName);
    if (!opened) {
      await out(`Error: Activity class {${named ?? packageName}} does not exist.\n`);
      return 1;
    }
    phone.show(opened);
    await out(`Starting: Intent { cmp=${named ?? packageName} }\nStatus: ok\n`);
    return 0;
  }
  if (verb === "force-stop" && packageOf(phone.screen) === packageName)
    phone.show({ kind: "home" });
  return 0;
};

export const packageCommands: Record<string, ShellCommand> = {
  pm,
  am,
  cmd: async (context) => {
    const [service, ...args] = context.args;
    if (service === "package") return pm({ ...context, args });
    if (service === "activity") return am({ ...context, args });
    await context.out(`cmd: Can't find service: ${service ?? ""}\n`);
    return 20;
  },
  monkey: async ({ phone, args, out }) => {
    const packageName = args[args.indexOf("-p") + 1] ?? "";
    const known = launch(phone, packageName);
    if (known) phone.show(known);
    await out(known ? "Events injected: 1\n" : "** No activities found to run, monkey aborted.\n");
    return known ? 0 : 252;
  },
};
