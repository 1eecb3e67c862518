import type { ShellCommand, ShellContext } from "../shell.ts";
import { forcedDensity, forcedSize } from "../state.ts";

/** `wm size [reset|WxH]` */
async function size({ phone, args, out, err }: ShellContext): Promise<number> {
  const { spec, disk, display } = phone;
  const [wanted] = args;
  if (wanted === undefined) {
    await out(`Physical size: ${spec.width}x${spec.height}\n`);
    if (disk.settings.has(forcedSize))
      await out(`Override size: ${display.width}x${display.height}\n`);
    return 0;
  }
  const [, width, height] = /^(\d+)x(\d+)$/.exec(wanted) ?? [];
  if (wanted === "reset") disk.settings.delete(forcedSize);
  else if (width && height) disk.settings.set(forcedSize, `${width},${height}`);
  else {
    await err(`Error: bad size ${wanted}\n`);
    return 255;
  }
  return 0;
}

/** `wm density [reset|DPI]` */
async function density({ phone, args, out, err }: ShellContext): Promise<number> {
  const { spec, disk, display } = phone;
  const [wanted] = args;
  if (wanted === undefined) {
    await out(`Physical density: ${spec.dpi}\n`);
    if (disk.settings.has(forcedDensity)) await out(`Override density: ${display.dpi}\n`);
    return 0;
  }
  if (wanted === "reset") disk.settings.delete(forcedDensity);
  else if (Number(wanted) >= 72) disk.settings.set(forcedDensity, wanted);
  else {
    await err(
      /^\d+$/.test(wanted) ? "Error: density must be >= 72\n" : `Error: bad number ${wanted}\n`,
    );
    return 255;
  }
  return 0;
}

/** `wm user-rotation [free|lock [0-3]]` */
async function userRotation({ phone, args, out, err }: ShellContext): Promise<number> {
  const { settings } = phone.disk;
  const [verb, turns = "0"] = args;
  if (verb === undefined) {
    const locked = settings.get("system/accelerometer_rotation") === "0";
    await out(locked ? `lock ${phone.rotation}\n` : "free\n");
    return 0;
  }
  if (verb !== "free" && (verb !== "lock" || !/^[0-3]$/.test(turns))) {
    await err("Error: argument needs to be either -d, free or lock.\n");
    return 255;
  }
  if (verb === "lock") phone.lockRotation(Number(turns) as 0 | 1 | 2 | 3);
  else settings.set("system/accelerometer_rotation", "1");
  phone.applySettings();
  return 0;
}

const verbs: Readonly<Record<string, ShellCommand>> = {
  size,
  density,
  "user-rotation": userRotation,
};

export const wm: ShellCommand = async (context) => {
  const [verb = "", ...args] = context.args;
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (run) return run({ ...context, args });
  await context.out(`Unknown command: ${verb}\n`);
  return 255;
};
