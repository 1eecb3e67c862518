import { dumpBattery } from "./battery.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { SimPhone } from "../phone.ts";
import { aborted } from "../service.ts";
import type { ShellCommand, ShellContext } from "../shell.ts";
import { packageOf } from "../ui/scene.ts";
import { dumpPackages } from "./packages.ts";

async function getprop({ phone, args, out }: ShellContext): Promise<number> {
  const [name, fallback = ""] = args;
  if (name === undefined)
    for (const [key, value] of [...phone.properties].toSorted(([a], [b]) => a.localeCompare(b)))
      await out(`[${key}]: [${value}]\n`);
  else await out(`${phone.properties.get(name) ?? fallback}\n`);
  return 0;
}

async function setprop({ phone, args, out }: ShellContext): Promise<number> {
  const [name, value = ""] = args;
  if (!name || name.startsWith("ro.")) {
    await out(`Failed to set property '${name ?? ""}' to '${value}'\n`);
    return 1;
  }
  phone.setProperty(name, value);
  return 0;
}

const maxWaitingLines = 1000;

/** `logcat [-d] [-c] [-v threadtime]`: what there is, then (without -d) what comes. */
async function logcat({ phone, args, out, signal }: ShellContext): Promise<number> {
  if (args.includes("-c")) {
    phone.log.clear();
    return 0;
  }
  for (const line of phone.log.lines) await out(`${line}\n`);
  if (args.includes("-d")) return 0;
  let waiting = 0;
  using _following = phone.log.onLine((line) => {
    // A reader that does not keep up misses lines, as with logcat itself.
    if (waiting >= maxWaitingLines) return;
    waiting++;
    void out(`${line}\n`).finally(() => waiting--);
  });
  await aborted(signal);
  return 0;
}

/** Android 13's `dumpsys display`, as far as it tells the panel and how it is turned. */
function describeDisplay({ spec, size, display, rotation }: SimPhone): string {
  const mode = `{id=1, width=${spec.width}, height=${spec.height}, fps=60.0, alternativeRefreshRates=[]}`;
  const panel = `"Built-in Screen": uniqueId="local:0", ${spec.width} x ${spec.height}, modeId 1, defaultModeId 1, supportedModes [${mode}]`;
  const shown = `real ${size.width} x ${size.height}, rotation ${rotation}, density ${display.dpi}`;
  return `  DisplayDeviceInfo{${panel}, density ${spec.dpi}}\n    mBaseDisplayInfo=DisplayInfo{"Built-in Screen", displayId 0, ${shown}}\n`;
}

async function dumpsys(context: ShellContext): Promise<number> {
  const { phone, args, out } = context;
  const { screen } = phone;
  if (args[0] === "battery") return dumpBattery(context);
  if (args[0] === "window" || args[0] === "activity")
    await out(`  mCurrentFocus=Window{0 u0 ${packageOf(screen)}/.Main}\n`);
  else if (args[0] === "display") await out(describeDisplay(phone));
  else if (args[0] === "package") return dumpPackages(context);
  else if (args[0] === "location") {
    const place = phone.location;
    await out(
      place
        ? `  gps provider [mock]:\n    last location=Location[gps ${place.latitude.toFixed(6)},${place.longitude.toFixed(6)} hAcc=5.0 mock]\n`
        : "  gps provider:\n    last location=null\n",
    );
  } else if (args[0] === "wifi") await out(`  mac: ${phone.disk.identity.wifiMac}\n`);
  return 0;
}

const say =
  (text: (context: ShellContext) => string): ShellCommand =>
  async (context) => {
    await context.out(text(context));
    return 0;
  };

export const systemCommands: Record<string, ShellCommand> = {
  getprop,
  setprop,
  logcat,
  dumpsys,
  log: async ({ phone, args }) => {
    phone.log.add("I", "log", args.join(" "));
    return await Promise.resolve(0);
  },
  echo: say(({ args }) => `${args.join(" ")}\n`),
  id: say(({ phone }) =>
    phone.knobs.root
      ? "uid=0(root) gid=0(root) groups=0(root)\n"
      : "uid=2000(shell) gid=2000(shell) groups=2000(shell)\n",
  ),
  locksettings: say(({ phone, args }) =>
    args[0] === "verify" && phone.disk.settings.has("lock/pin")
      ? "Old password '' didn't match\n"
      : "Lock credential verified successfully\n",
  ),
  whoami: say(() => "shell\n"),
  uname: say(() => "Linux localhost 5.15.0-simphone aarch64\n"),
  date: say(
    ({ args }) =>
      `${args[0] === "+%s" ? Math.floor(Date.now() / 1000) : new Date().toUTCString()}\n`,
  ),
  uptime: say(() => ` up ${Math.floor(process.uptime())} s\n`),
  true: async () => await Promise.resolve(0),
  false: async () => await Promise.resolve(1),
  sleep: async ({ args, signal }) => {
    const seconds = Math.min(Number(args[0]) || 0, 3600);
    await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
    return 0;
  },
  reboot: async ({ phone }) => {
    setImmediate(() => phone.reboot());
    return await Promise.resolve(0);
  },
};
