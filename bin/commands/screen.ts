import { randomUUID } from "node:crypto";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import { type Command, InvalidArgumentError } from "commander";
import { type Connection, withHub } from "../client.ts";
import { print } from "../output.ts";
import { checkOutputFile } from "../output-file.ts";
import type { Recording } from "../recording.ts";
import { type ScreenLine, troubleFault, withScreen } from "../screen-line.ts";

const longestRecordingS = 4 * 3600;
const longestShareMinutes = 24 * 60;

/** A phone's live screen: where to look at it, and a film of it. */
export const screenCommands = (program: Command): void => {
  program
    .command("screen")
    .description("the address of a phone's live screen in the dashboard")
    .argument("<device>", "its name or id")
    .option("--share", "a link by which others may look without an account; `shares` lists them")
    .option("-m, --minutes <n>", "how long that link lasts, 1 to 1440", minutes, 60)
    .action((device: string, flags: ScreenFlags, command: Command) =>
      withHub(command, async (hub) => {
        const told = flags.share
          ? await share(hub, device, flags.minutes)
          : await look(hub, device);
        process.stdout.write(hub.json ? `${JSON.stringify(told)}\n` : `${told.link}\n`);
        // Beside the address, so that a program which reads that gets nothing else.
        if (told.filmedDays > 0 && !hub.json)
          process.stderr.write(
            `note: this screen is filmed while somebody looks; its host keeps the films for ${told.filmedDays} days.\n`,
          );
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
        await checkOutputFile(flags.output);
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

interface ScreenFlags {
  readonly share?: true;
  readonly minutes: number;
}

async function look({ client, url }: Connection, device: string) {
  const { deviceId, name, recordingDays } = await client.devices.show.query({ device });
  const link = new URL(`/phones/${deviceId}`, url).href;
  return { device: name, link, filmedDays: recordingDays };
}

async function share({ client, url }: Connection, device: string, forMinutes: number) {
  const wish = { device, minutes: forMinutes, idempotencyKey: randomUUID() };
  const { link, ...made } = await client.shares.create.mutate(wish);
  const { recordingDays: filmedDays } = await client.devices.show.query({ device });
  return { ...made, link: new URL(`/shared#${link}`, url).href, filmedDays };
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1 && value <= longestShareMinutes))
    throw new InvalidArgumentError(`Give 1 to ${longestShareMinutes} minutes.`);
  return value;
}

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
