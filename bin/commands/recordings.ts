import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { mostRecordingDays } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { checkOutputFile } from "../output-file.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";
import { completed } from "./outcome.ts";

const downloadMs = 10 * 60_000;

const wordsFor = (days: number): string =>
  days === 0 ? "no" : `while somebody looks, kept for ${days} days`;

function daysIn(wish: string): number | null {
  if (wish === "host") return null;
  const days = wish === "never" ? 0 : Number(wish);
  if (wish !== "never" && !(/^\d+$/.test(wish) && days >= 1 && days <= mostRecordingDays))
    throw new Fault(
      "bad_input",
      `Say for how many days, 1 to ${mostRecordingDays}, or never, or host.`,
    );
  return days;
}

/** Films of screens that hosts keep by their operators' policy. */
export const recordingCommands = (program: Command): void => {
  const recordings = program
    .command("recordings")
    .description("films of screens that hosts keep while people look");
  paged(recordings.command("list", { isDefault: true }))
    .option("--device <device>", "of one phone, by its name or id")
    .action(({ device, ...page }: PageFlags & { device?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const of = device === undefined ? null : await client.devices.show.query({ device });
        const deviceId = of?.deviceId ?? null;
        const list = await client.recordings.list.query({ deviceId, ...pageOf(page) });
        const rows = list.map((one) => ({
          of: one.device,
          began: one.startedAt,
          seconds: one.seconds.toFixed(1),
          bytes: String(one.bytes),
          customer: one.email ?? "",
          id: one.recordingId,
        }));
        const empty =
          "No recordings: `cloudphone recordings policy` of a phone, or CLOUDPHONE_RECORDING_DAYS of an agent, has them made.";
        print(list, { json, rows, empty });
        if (!json) tellEarlier(list, page, list.at(-1)?.recordingId);
      }),
    );
  recordings
    .command("policy")
    .description("whether a phone's screen is filmed, and how long its films are kept")
    .argument("<device>", "its name or id")
    .argument("<days|never|host>", "host: as CLOUDPHONE_RECORDING_DAYS of its agent has it")
    .action((device: string, wish: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        await client.recordings.setPolicy.mutate({ device, days: daysIn(wish) });
        const found = await client.devices.show.query({ device });
        const { recordingDays: days, name } = found;
        print(
          { device: name, recordingDays: days },
          { json, rows: [{ device: name, filmed: wordsFor(days) }] },
        );
      }),
    );
  recordings
    .command("download")
    .argument("<recording>", "its id")
    .option("-o, --output <file>", "where to put it (default: RECORDING.mp4)")
    .action((recordingId: string, { output }: { output?: string }, command: Command) =>
      withHub(command, async (hub) => {
        const file = output ?? `${recordingId}.mp4`;
        await checkOutputFile(file);
        const wish = { recordingId, idempotencyKey: randomUUID() };
        const { commandId } = await hub.client.recordings.fetch.mutate(wish);
        await completed(hub, commandId, downloadMs);
        const response = await fetch(`${hub.url}/recordings/${commandId}`, {
          headers: await hub.headers(),
          signal: AbortSignal.timeout(downloadMs),
        });
        if (!response.ok || !response.body)
          throw new Fault("unavailable", `The hub did not give the film (${response.status}).`);
        const target = createWriteStream(file);
        await pipeline(Readable.fromWeb(response.body as never), target);
        const bytes = target.bytesWritten;
        print({ file, bytes }, { json: hub.json, rows: [{ file, bytes: String(bytes) }] });
      }),
    );
};
