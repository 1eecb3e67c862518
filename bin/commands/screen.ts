import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import { type Command, InvalidArgumentError } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import type { Recording } from "../recording.ts";
import { type ScreenLine, troubleFault, withScreen } from "../screen-line.ts";

const longestRecordingS = 4 * 3600;

/** A phone's live screen: where to look at it, and a film of it. */
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
        const { Recording } = await import("../recording.ts");
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
