import { Fault, faultCodes } from "@cloudphone/shared/fault";
import { type Input, inputSchema } from "@cloudphone/shared/live";
import type { Command } from "commander";
import { type Connection, withHub } from "../client.ts";
import { explain, print } from "../output.ts";
import { act, withScreen } from "../screen-line.ts";

/** Keys by the names that `adb shell input keyevent` takes, without KEYCODE_. */
const keys: Readonly<Record<string, number>> = {
  HOME: 3,
  BACK: 4,
  DPAD_UP: 19,
  DPAD_DOWN: 20,
  DPAD_LEFT: 21,
  DPAD_RIGHT: 22,
  VOLUME_UP: 24,
  VOLUME_DOWN: 25,
  POWER: 26,
  TAB: 61,
  SPACE: 62,
  ENTER: 66,
  DEL: 67,
  MENU: 82,
  APP_SWITCH: 187,
};

type Size = { readonly width: number; readonly height: number };

type Make = (words: readonly string[], size: Size) => readonly Input[];

/** Fingers and keys on one phone's screen, or on many at once. */
export const inputCommands = (program: Command): void => {
  const input = program.command("input").description("fingers and keys on a phone's screen");
  const add = (usage: string, description: string, make: Make): void => {
    const [name = "", ...words] = usage.split(" ");
    const command = input.command(name).description(description).argument("<device>");
    for (const word of words) command.argument(word);
    command
      .option("--also <devices>", "on these too (names, with commas): places are scaled to each")
      .action((device: string, ...rest: unknown[]) => doIt(device, rest, make));
  };
  add("tap <x> <y>", "a tap, in pixels of the picture as it is now", ([x = "", y = ""], size) =>
    tap({ x, y }, size),
  );
  add(
    "swipe <x1> <y1> <x2> <y2>",
    "a finger from one place to another",
    ([x1 = "", y1 = "", x2 = "", y2 = ""], size) => swipe({ x: x1, y: y1 }, { x: x2, y: y2 }, size),
  );
  add("key <key>", `a key: ${Object.keys(keys).join(", ")}, or a number`, ([key = ""]) =>
    press(key),
  );
  add("text <text>", "text of any script, where the cursor is", ([text = ""]) => [
    check({ type: "text", text }),
  ]);
};

async function doIt(device: string, rest: readonly unknown[], make: Make): Promise<void> {
  const [command, flags] = [rest.at(-1) as Command, rest.at(-2) as { also?: string }];
  const words = rest.slice(0, -2).map(String);
  const also = (flags.also ?? "").split(",").filter((name) => name.trim() !== "");
  await withHub(command, async (hub) => {
    const outcomes = await onAll(hub, [device, ...also], (size) => make(words, size));
    if (also.length === 0) return;
    const rows = outcomes.map(({ device: name, reason }) => ({
      device: name,
      result: reason ?? "done",
    }));
    print(outcomes, { json: hub.json, rows });
    if (outcomes.some(({ reason }) => reason !== null))
      process.exitCode = faultCodes.device_failed.exit;
  });
}

interface Outcome {
  readonly device: string;
  /** Why it was not done; null: it was. */
  readonly reason: string | null;
}

/** On the first, whose picture gives the places their meaning, and then on the others; what the first refuses is done on none. */
async function onAll(
  hub: Connection,
  [first = "", ...others]: readonly string[],
  make: (size: Size) => readonly Input[],
): Promise<Outcome[]> {
  let inputs: readonly Input[] = [];
  const on = (device: string, wanted: typeof make): Promise<void> =>
    withScreen(hub, { device, viewOnly: false }, (line) => act(line, wanted));
  await on(first, (size) => (inputs = make(size)));
  const follow = async (device: string): Promise<Outcome> => {
    try {
      await on(device.trim(), () => inputs);
      return { device, reason: null };
    } catch (error) {
      return { device, reason: explain(error).message };
    }
  };
  return [{ device: first, reason: null }, ...(await Promise.all(others.map(follow)))];
}

function check(input: object): Input {
  const parsed = inputSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new Fault("bad_input", `That can't be put in: ${parsed.error.issues[0]?.message ?? ""}.`);
}

function touch(action: "down" | "move" | "up", place: { x: string; y: string }, size: Size): Input {
  const [x, y] = [Number(place.x), Number(place.y)];
  if (!(x >= 0 && x < size.width && y >= 0 && y < size.height))
    throw new Fault(
      "bad_input",
      `(${place.x}, ${place.y}) is not on the screen, which is ${size.width} by ${size.height} pixels now.`,
    );
  // The middle of the pixel.
  return check({
    type: "touch",
    action,
    finger: 0,
    x: (x + 0.5) / size.width,
    y: (y + 0.5) / size.height,
  });
}

const tap = (place: { x: string; y: string }, size: Size): Input[] => [
  touch("down", place, size),
  touch("up", place, size),
];

const swipeSteps = 12;

function swipe(from: { x: string; y: string }, to: { x: string; y: string }, size: Size): Input[] {
  const at = (step: number): { x: string; y: string } => ({
    x: String(Number(from.x) + ((Number(to.x) - Number(from.x)) * step) / swipeSteps),
    y: String(Number(from.y) + ((Number(to.y) - Number(from.y)) * step) / swipeSteps),
  });
  const moves = Array.from({ length: swipeSteps }, (_, step) => touch("move", at(step + 1), size));
  return [touch("down", from, size), ...moves, touch("up", to, size)];
}

function press(key: string): Input[] {
  const keycode = keys[key.toUpperCase().replace(/^KEYCODE_/, "")] ?? Number(key);
  if (!Number.isInteger(keycode))
    throw new Fault(
      "bad_input",
      `There is no key ${JSON.stringify(key)}; see --help for their names.`,
    );
  return (["down", "up"] as const).map((action) => check({ type: "key", action, keycode }));
}
