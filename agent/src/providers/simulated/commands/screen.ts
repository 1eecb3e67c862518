import { rawScreenshot, screenshot } from "../screenshot.ts";
import type { ShellCommand } from "../shell.ts";
import { keyCodes, pressKey, typeText } from "../ui/keys.ts";
import type { Scene } from "../ui/scene.ts";
import { tap } from "../ui/touch.ts";

const keyNames: Readonly<Record<string, number>> = {
  HOME: keyCodes.home,
  BACK: keyCodes.back,
  VOLUME_UP: keyCodes.volumeUp,
  VOLUME_DOWN: keyCodes.volumeDown,
  POWER: keyCodes.power,
  ENTER: keyCodes.enter,
  DEL: keyCodes.delete,
  APP_SWITCH: keyCodes.appSwitch,
};

const keyCode = (name: string): number =>
  keyNames[name.replace(/^KEYCODE_/, "")] ?? (Number(name) || 0);

const input: ShellCommand = async ({ phone, args, out }) => {
  const words = args[0]?.match(/^(touchscreen|keyboard|mouse)$/) ? args.slice(1) : args;
  const [verb, ...rest] = words;
  const [x = 0, y = 0, toX = 0, toY = 0] = rest.map(Number);
  const scene: Scene = { phone, ...phone.size, now: new Date() };
  if (verb === "tap") tap(scene, { x, y });
  else if (verb === "swipe") {
    const finger = { pointer: "shell" };
    phone.touchScreen.touch(scene, { ...finger, action: "down", x, y });
    phone.touchScreen.touch(scene, { ...finger, action: "move", x: toX, y: toY });
    phone.touchScreen.touch(scene, { ...finger, action: "up", x: toX, y: toY });
  } else if (verb === "keyevent") for (const name of rest) pressKey(phone, keyCode(name));
  else if (verb === "text") typeText(phone, rest.join(" ").replaceAll("%s", " "));
  else {
    await out(`Error: Unknown command: ${verb ?? ""}\n`);
    return 1;
  }
  return 0;
};

export const screenCommands: Record<string, ShellCommand> = {
  input,
  screencap: async ({ phone, args, out }) => {
    await out(args.includes("-p") ? screenshot(phone) : rawScreenshot(phone));
    return 0;
  },
};
