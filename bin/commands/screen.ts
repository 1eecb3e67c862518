import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import { type Input, inputSchema } from "@cloudphone/shared/live";
import { type Command, InvalidArgumentError } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { Recording } from "../recording.ts";
import { act, type ScreenLine, troubleFault, withScreen } from "../screen-line.ts";

const longestRecordingS = 4 * 3600;

/** A phone's live screen: where to look at it, a film of it, and fingers on it. */
export const screenCommands = (program: Command): void => {
  program
    .command("screen")
    .description("the address of a phone's live screen in the dashboard")
    .argument("<device>", "its name or id")
    .action((device: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, url, json }) => {
        const { deviceId, name } = await client.devices.show.query({ device });
        const link = new URL(`/phones/${deviceId}`, url).href;
        process.stdout.write(json ? `${JSON.stringify({ device: name, link })}\n` : `${link}\n`);
      }),
    );
  program
    .command("record")
    .description("films a phone's screen, in the very bytes that the phone encodes")
    .argument("<device>", "its name or id")
    .requiredOption("-o, --output <file>", "an .mp4 file")
    .option("-s, --seconds <n>", "how long (default: until Ctrl-C)", seconds)
    .action((device: string, flags: { output: string; seconds?: number }, command: Command) =>
      withHub(command, async (hub) => {
        if (path.extname(flags.output).toLowerCase() !== ".mp4")
          throw new Fault("bad_input", "Name a file that ends in .mp4.");
        const recording = new Recording(path.resolve(flags.output));
        await withScreen(hub, { device, viewOnly: true }, (line) =>
          record(line, recording, flags.seconds ?? longestRecordingS),
        );
        if (recording.files.length === 0)
          throw new Fault("timed_out", "The phone showed no picture in that time.");
        const said = recording.files.map(
          ({ file, pictures, seconds: length }) =>
            `${file}: ${length.toFixed(1)} s, ${pictures} pictures`,
        );
        if (hub.json) print(recording.files, { json: true });
        else process.stdout.write(`${said.join("\n")}\n`);
      }),
    );
  inputCommands(program);
};

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= longestRecordingS))
    throw new InvalidArgumentError(`Give 1 to ${longestRecordingS} seconds.`);
  return value;
}

async function record(line: ScreenLine, recording: Recording, forSeconds: number): Promise<void> {
  await line.send({ type: "relay", on: true });
  const enough = Promise.withResolvers<null>();
  const timer = setTimeout(() => enough.resolve(null), forSeconds * 1000);
  const stop = (): void => enough.resolve(null);
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const frames = line.frames();
  try {
    for (;;) {
      const next = await Promise.race([frames.next(), enough.promise]);
      if (!next || next.done) return;
      const frame = next.value;
      if (frame.kind === "picture") await recording.picture(frame.picture);
      else if (frame.kind === "sound") await recording.sound(frame.sound);
      else if (frame.message.type === "trouble") throw troubleFault(frame.message);
    }
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    await recording.end();
  }
}

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

function inputCommands(program: Command): void {
  const input = program.command("input").description("fingers and keys on a phone's screen");
  const doing =
    (inputs: (words: readonly string[], size: Size) => readonly Input[]) =>
    (device: string, ...rest: unknown[]): Promise<void> => {
      const command = rest.at(-1) as Command;
      const words = rest.slice(0, -2).map(String);
      return withHub(command, (hub) =>
        withScreen(hub, { device, viewOnly: false }, (line) =>
          act(line, (size) => inputs(words, size)),
        ),
      );
    };
  input
    .command("tap")
    .description("a tap, in pixels of the picture as it is now")
    .argument("<device>")
    .argument("<x>")
    .argument("<y>")
    .action(doing(([x = "", y = ""], size) => tap({ x, y }, size)));
  input
    .command("swipe")
    .description("a finger from one place to another")
    .argument("<device>")
    .argument("<x1>")
    .argument("<y1>")
    .argument("<x2>")
    .argument("<y2>")
    .action(
      doing(([x1 = "", y1 = "", x2 = "", y2 = ""], size) =>
        swipe({ x: x1, y: y1 }, { x: x2, y: y2 }, size),
      ),
    );
  input
    .command("key")
    .description(`a key: ${Object.keys(keys).join(", ")}, or a number`)
    .argument("<device>")
    .argument("<key>")
    .action(doing(([key = ""]) => press(key)));
  input
    .command("text")
    .description("text of any script, where the cursor is")
    .argument("<device>")
    .argument("<text>")
    .action(doing(([text = ""]) => [check({ type: "text", text })]));
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
