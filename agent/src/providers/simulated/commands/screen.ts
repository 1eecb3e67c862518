import { iconAt } from "../home-screen.ts";
import type { SimPhone } from "../phone.ts";
import { screenshot } from "../screenshot.ts";
import type { ShellCommand } from "../shell.ts";

const keyNames: Record<string, string> = { "3": "HOME", "4": "BACK", "67": "DEL", "66": "ENTER" };

function key(phone: SimPhone, name: string): void {
  const meant = keyNames[name] ?? name.replace(/^KEYCODE_/, "");
  const { screen } = phone;
  if (meant === "HOME" || meant === "BACK") phone.show({ kind: "home" });
  else if (meant === "DEL" && screen.kind === "app")
    phone.screen = { ...screen, text: screen.text.replace(/.$/su, "") };
  else if (meant === "ENTER" && screen.kind === "app")
    phone.screen = { ...screen, text: `${screen.text}\n` };
}

function type(phone: SimPhone, text: string): void {
  const { screen } = phone;
  if (screen.kind === "app") phone.screen = { ...screen, text: (screen.text + text).slice(-2000) };
}

/** A tap on an icon starts its app. */
export function tap(phone: SimPhone, x: number, y: number): void {
  if (phone.screen.kind !== "home") return;
  const packageName = iconAt(phone, x, y);
  if (packageName) phone.show({ kind: "app", packageName, text: "" });
}

const input: ShellCommand = async ({ phone, args, out }) => {
  const words = args[0]?.match(/^(touchscreen|keyboard|mouse)$/) ? args.slice(1) : args;
  const [verb, first = "", second = ""] = words;
  if (verb === "tap") tap(phone, Number(first), Number(second));
  else if (verb === "keyevent") for (const name of words.slice(1)) key(phone, name);
  else if (verb === "text") type(phone, words.slice(1).join(" ").replaceAll("%s", " "));
  else if (verb !== "swipe") {
    await out(`Error: Unknown command: ${verb ?? ""}\n`);
    return 1;
  }
  return 0;
};

export const screenCommands: Record<string, ShellCommand> = {
  input,
  screencap: async ({ phone, out }) => {
    await out(screenshot(phone));
    return 0;
  },
  wm: async ({ phone: { spec }, args, out }) => {
    if (args[0] === "size") await out(`Physical size: ${spec.width}x${spec.height}\n`);
    else if (args[0] === "density") await out(`Physical density: ${spec.dpi}\n`);
    return 0;
  },
};
