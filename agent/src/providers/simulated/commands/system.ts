import { setTimeout as delay } from "node:timers/promises";
import { aborted } from "../service.ts";
import type { ShellCommand, ShellContext } from "../shell.ts";
import { packageOf } from "../ui/scene.ts";

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
  phone.properties.set(name, value);
  return 0;
}

/** `settings get|put|delete|list NAMESPACE [KEY [VALUE]]` */
async function settings({ phone, args, out }: ShellContext): Promise<number> {
  const [verb, namespace = "", key = "", ...value] = args;
  const name = `${namespace}/${key}`;
  if (verb === "put") phone.disk.settings.set(name, value.join(" "));
  else if (verb === "delete")
    await out(`Deleted ${phone.disk.settings.delete(name) ? 1 : 0} rows\n`);
  else if (verb === "list") {
    for (const [stored, text] of phone.disk.settings)
      if (stored.startsWith(`${namespace}/`))
        await out(`${stored.slice(namespace.length + 1)}=${text}\n`);
  } else if (name === "secure/android_id") await out(`${phone.disk.identity.androidId}\n`);
  else await out(`${phone.disk.settings.get(name) ?? "null"}\n`);
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

async function dumpsys({ phone, args, out }: ShellContext): Promise<number> {
  const { screen, spec } = phone;
  if (args[0] === "battery")
    await out(
      "Current Battery Service state:\n  AC powered: true\n  level: 100\n  scale: 100\n  status: 5\n  temperature: 250\n",
    );
  else if (args[0] === "window" || args[0] === "activity")
    await out(`  mCurrentFocus=Window{0 u0 ${packageOf(screen)}/.Main}\n`);
  else if (args[0] === "display")
    await out(`  real ${spec.width} x ${spec.height}, density ${spec.dpi}\n`);
  else if (args[0] === "wifi") await out(`  mac: ${phone.disk.identity.wifiMac}\n`);
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
  settings,
  logcat,
  dumpsys,
  log: async ({ phone, args }) => {
    phone.log.add("I", "log", args.join(" "));
    return await Promise.resolve(0);
  },
  echo: say(({ args }) => `${args.join(" ")}\n`),
  id: say(() => "uid=2000(shell) gid=2000(shell) groups=2000(shell)\n"),
  whoami: say(() => "shell\n"),
  uname: say(() => "Linux localhost 5.15.0-simphone aarch64\n"),
  date: say(
    ({ args }) =>
      `${args[0] === "+%s" ? Math.floor(Date.now() / 1000) : new Date().toUTCString()}\n`,
  ),
  uptime: say(() => ` up ${Math.floor(process.uptime())} s\n`),
  ps: say(() => "USER PID NAME\nroot 1 init\nsystem 1000 system_server\n"),
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
