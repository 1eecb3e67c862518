import type { ShellCommand, ShellContext } from "../shell.ts";
import { launch } from "../ui/scene.ts";

const target = (component: string): string => component.split("/")[0] ?? "";

/** `am start [-W] [-n PACKAGE/ACTIVITY] [PACKAGE]` */
async function start({ phone, args, out }: ShellContext): Promise<number> {
  const named = args.includes("-n") ? args[args.indexOf("-n") + 1] : undefined;
  const component = named ?? args.at(-1) ?? "";
  const opened = launch(phone, target(component));
  await out(`Starting: Intent { cmp=${component} }\n`);
  if (!opened) {
    await out(`Error type 3\nError: Activity class {${component}} does not exist.\n`);
    return 1;
  }
  phone.show(opened);
  if (args.includes("-W"))
    await out(
      `Status: ok\nLaunchState: COLD\nActivity: ${component}\nTotalTime: 12\nWaitTime: 14\nComplete\n`,
    );
  return 0;
}

/** "en-US" as a resource qualifier: "en-rUS"; with a script "b+zh+Hans+CN". */
function qualifier(locale: string): string {
  const [language = "", ...rest] = locale.split("-");
  if (rest.length > 1) return `b+${locale.replaceAll("-", "+")}`;
  return rest[0] ? `${language}-r${rest[0]}` : language;
}

export const am: ShellCommand = async (context) => {
  const { phone, out } = context;
  const [verb, ...args] = context.args;
  if (verb === "start" || verb === "start-activity") return start({ ...context, args });
  if (verb === "force-stop") phone.stopApp(args.at(-1) ?? "");
  else if (verb === "get-config") {
    const { width, height, dpi } = phone.display;
    const turned = phone.rotation % 2 === 0 ? "port" : "land";
    const sizes = `sw${Math.round((Math.min(width, height) * 160) / dpi)}dp`;
    await out(`config: ${qualifier(phone.locale)}-ldltr-${sizes}-${turned}-${dpi}dpi-v33\n`);
    await out(`abi: ${phone.properties.get("ro.product.cpu.abilist") ?? ""}\n`);
  } else {
    await out(`Unknown command: ${verb ?? ""}\n`);
    return 255;
  }
  return 0;
};

export const activityCommands: Record<string, ShellCommand> = {
  am,
  monkey: async ({ phone, args, out }) => {
    const packageName = args[args.indexOf("-p") + 1] ?? "";
    const known = launch(phone, packageName);
    if (known) phone.show(known);
    await out(known ? "Events injected: 1\n" : "** No activities found to run, monkey aborted.\n");
    return known ? 0 : 252;
  },
  pidof: async ({ phone, args, out }) => {
    const at = [...phone.running].indexOf(args[0] ?? "");
    if (at >= 0) await out(`${10_000 + at}\n`);
    return at >= 0 ? 0 : 1;
  },
  ps: async ({ phone, out }) => {
    await out("USER PID NAME\nroot 1 init\nsystem 1000 system_server\n");
    for (const [at, name] of [...phone.running].entries())
      await out(`u0_a${at + 100} ${10_000 + at} ${name}\n`);
    return 0;
  },
};
