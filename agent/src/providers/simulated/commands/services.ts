import type { ShellCommand, ShellContext } from "../shell.ts";
import { am } from "./activity.ts";
import { pm } from "./packages.ts";
import { settings } from "./settings.ts";
import { wm } from "./window.ts";

const mockOp = "appops/com.android.shell/android:mock_location";

/** `appops set|get PACKAGE OP [MODE]` */
const appops: ShellCommand = async ({ phone, args, out }) => {
  const [verb, packageName = "", op = "", mode = "default"] = args;
  const key = `appops/${packageName}/${op}`;
  if (verb === "set") phone.disk.settings.set(key, mode);
  else if (verb === "get") await out(`${op}: ${phone.disk.settings.get(key) ?? "default"}\n`);
  else {
    await out(`Unknown command: ${verb ?? ""}\n`);
    return 255;
  }
  return 0;
};

/** `cmd alarm set-timezone ZONE` */
const alarm: ShellCommand = async ({ phone, args, out }) => {
  const [verb, zone = ""] = args;
  if (verb !== "set-timezone") {
    await out(`Unknown command: ${verb ?? ""}\n`);
    return 255;
  }
  phone.setProperty("persist.sys.timezone", zone);
  return 0;
};

/** `cmd location providers add-test-provider|set-test-provider-enabled|set-test-provider-location|remove-test-provider gps …` */
async function providers({ phone, args, out, err }: ShellContext): Promise<number> {
  const [verb, , ...rest] = args;
  if (phone.disk.settings.get(mockOp) !== "allow") {
    await err(
      "\nException occurred while executing 'providers':\njava.lang.SecurityException: com.android.shell from uid 2000 not allowed to perform MOCK_LOCATION\n",
    );
    return 255;
  }
  const place = rest[rest.indexOf("--location") + 1];
  const [latitude, longitude] = (place ?? "").split(",").map(Number);
  if (verb === "remove-test-provider") phone.location = null;
  else if (verb === "set-test-provider-location") {
    if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) {
      await err(
        "\nException occurred while executing 'providers':\njava.lang.IllegalArgumentException: Missing location\n",
      );
      return 255;
    }
    phone.location = { latitude: latitude ?? 0, longitude: longitude ?? 0 };
  } else if (verb !== "add-test-provider" && verb !== "set-test-provider-enabled") {
    await out(`Unknown command: ${verb ?? ""}\n`);
    return 255;
  }
  return 0;
}

const location: ShellCommand = async (context) => {
  const [verb, ...args] = context.args;
  if (verb === "providers") return providers({ ...context, args });
  if (verb === "set-location-enabled") return 0;
  await context.out(`Unknown command: ${verb ?? ""}\n`);
  return 255;
};

/** What `cmd` reaches. */
const services: Readonly<Record<string, ShellCommand>> = {
  package: pm,
  activity: am,
  window: wm,
  settings,
  appops,
  alarm,
  location,
};

export const serviceCommands: Record<string, ShellCommand> = {
  appops,
  wm,
  settings,
  cmd: async (context) => {
    const [service = "", ...args] = context.args;
    const run = Object.hasOwn(services, service) ? services[service] : undefined;
    if (run) return run({ ...context, args });
    await context.err(`cmd: Can't find service: ${service}\n`);
    return 20;
  },
};
