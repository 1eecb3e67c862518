import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { completed } from "./outcome.ts";

const downloadMs = 10 * 60_000;

/** Films of screens that hosts keep by their operators' policy. */
export const recordingCommands = (program: Command): void => {
  const recordings = program
    .command("recordings")
    .description("films of screens that hosts keep (CLOUDPHONE_RECORDING_DAYS of an agent)");
  recordings
    .command("list", { isDefault: true })
    .option("--device <device>", "of one phone, by its name or id")
    .action(({ device }: { device?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const of = device === undefined ? null : await client.devices.show.query({ device });
        const list = await client.recordings.list.query({ deviceId: of?.deviceId ?? null });
        const rows = list.map((one) => ({
          of: one.device,
          began: one.startedAt,
          seconds: one.seconds.toFixed(1),
          bytes: String(one.bytes),
          customer: one.userId ?? "",
          id: one.recordingId,
        }));
        const empty = "No recordings: hosts make them with CLOUDPHONE_RECORDING_DAYS above 0.";
        print(list, { json, rows, empty });
      }),
    );
  recordings
    .command("download")
    .argument("<recording>", "its id")
    .option("-o, --output <file>", "where to put it (default: RECORDING.mp4)")
    .action((recordingId: string, { output }: { output?: string }, command: Command) =>
      withHub(command, async (hub) => {
        const wish = { recordingId, idempotencyKey: randomUUID() };
        const { commandId } = await hub.client.recordings.fetch.mutate(wish);
        await completed(hub, commandId, downloadMs);
        const response = await fetch(`${hub.url}/recordings/${commandId}`, {
          headers: await hub.headers(),
          signal: AbortSignal.timeout(downloadMs),
        });
        if (!response.ok || !response.body)
          throw new Fault("unavailable", `The hub did not give the film (${response.status}).`);
        const file = output ?? `${recordingId}.mp4`;
        const target = createWriteStream(file);
        await pipeline(Readable.fromWeb(response.body as never), target);
        const bytes = target.bytesWritten;
        print({ file, bytes }, { json: hub.json, rows: [{ file, bytes: String(bytes) }] });
      }),
    );
};
