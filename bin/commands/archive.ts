import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

type State = Awaited<ReturnType<Client["archive"]["state"]["query"]>>;
type Search = Parameters<Client["archive"]["search"]["query"]>[0];

/** Of `events`. */
export const archiveCommands = (events: Command): void => {
  const archive = events
    .command("archive")
    .description("events that have left the database for files (staff)");
  archive
    .command("list", { isDefault: true })
    .description("the files, and what is archived next")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const state = await client.archive.state.query();
        if (json) return print(state, { json });
        const rows = state.files.map((file) => ({
          events: `${file.first} to ${file.last}`,
          recorded: `${file.firstRecordedAt} to ${file.lastRecordedAt}`,
          MiB: (file.bytes / 1024 ** 2).toFixed(1),
          file: file.file,
        }));
        print(state.files, { json, rows, empty: "No events are archived." });
        process.stdout.write(`${inWords(state).join("\n")}\n`);
      }),
    );
  archive
    .command("verify")
    .argument("[file]", "one of them; left out: all")
    .description("reads the files and compares their checksums")
    .action((file: string | undefined, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const { files } = await client.archive.state.query();
        const names = file === undefined ? files.map((one) => one.file) : [file];
        const found = [];
        for (const name of names) found.push({ file: name, error: await verify(client, name) });
        const rows = found.map((one) => ({
          file: one.file,
          found: one.error ?? "as it was written",
        }));
        print(found, { json, rows, empty: "No events are archived." });
        if (found.some(({ error }) => error !== null)) process.exitCode = 1;
      }),
    );
};

/** What is wrong with it; null: nothing. A hub that can't be asked is an error. */
async function verify(client: Client, file: string): Promise<string | null> {
  const { whole, error } = await client.archive.verify.query({ file });
  return whole ? null : error;
}

function inWords({ horizon, head, keepDays, folder, next }: State): string[] {
  const lines = [
    keepDays === null
      ? "Events stay in the database for ever; CLOUDPHONE_LOG_KEEP_DAYS moves older ones to files."
      : `Events of the last ${keepDays === 1 ? "day" : `${keepDays} days`} stay in the database; older ones move to files in ${folder}.`,
  ];
  if (horizon > 0)
    lines.push(`The horizon is ${horizon} of ${head}: what is before it is read from files.`);
  if (!next) return lines;
  const { first, last, heldBy } = next;
  if (heldBy.length === 0) lines.push(`Next: ${first} to ${last}.`);
  else
    lines.push(
      `Next: ${first} to ${last}, which wait until they were read by ${heldBy
        .map(({ name, position }) => `${name} (at ${position})`)
        .join(", ")}.`,
    );
  return lines;
}

/** The newest, oldest first: as many calls as it takes. */
export async function searchArchived(
  client: Client,
  { before, limit = 50, ...filter }: Search,
): Promise<RecordedEnvelope[]> {
  let found: RecordedEnvelope[] = [];
  for (let from: number | null = before ?? Number.MAX_SAFE_INTEGER; from !== null; ) {
    const page: { events: RecordedEnvelope[]; before: number | null } =
      await client.archive.search.query({ ...filter, before: from, limit: limit - found.length });
    found = [...page.events, ...found];
    if (found.length >= limit) break;
    from = page.before;
  }
  return found;
}
