import type { Command } from "commander";
import { withHub } from "../client.ts";
import { clean, print } from "../output.ts";

export const deadLetterCommands = (program: Command): void => {
  const dead = program
    .command("dead-letters")
    .description("events that could not be handled (staff)");
  dead
    .command("list", { isDefault: true })
    .option("--consumer <name>", "of one consumer")
    .action((flags: { consumer?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.deadLetters.list.query(flags);
        const rows = list.map((letter) => ({
          consumer: letter.consumer,
          position: String(letter.position),
          type: letter.type,
          state: letter.state,
          attempts: String(letter.attempts),
          error: letter.error ?? "waits behind another of its subject",
        }));
        print(list, { json, rows, empty: "None: everything was handled." });
      }),
    );
  placed(dead, "show")
    .description("one of them: its error, the event, what was done about it")
    .action(show);
  placed(dead, "replay")
    .description("have it tried again at once")
    .action((consumer: string, position: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const place = { consumer, position: Number(position) };
        const answer = await client.deadLetters.replay.mutate(place);
        print(answer, { json, rows: [{ consumer, position, replay: "asked for" }] });
      }),
    );
  placed(dead, "discard")
    .description("give it up for good: what waits behind it goes on")
    .requiredOption("--reason <text>", "kept with your name")
    .action(
      (consumer: string, position: string, { reason }: { reason: string }, command: Command) =>
        withHub(command, async ({ client, json }) => {
          const place = { consumer, position: Number(position), reason };
          const answer = await client.deadLetters.discard.mutate(place);
          print(answer, { json, rows: [{ consumer, position, discarded: reason }] });
        }),
    );
  dead
    .command("history")
    .description("who replayed or discarded which, when and why")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.deadLetters.history.query({});
        print(list, { json, rows: list.map(actionRow), empty: "Nothing was done about any." });
      }),
    );
};

const placed = (dead: Command, name: string): Command =>
  dead
    .command(name)
    .argument("<consumer>", "as `dead-letters list` names it")
    .argument("<position>", "of the event in the log");

interface Action {
  readonly at: string;
  readonly action: string;
  readonly consumer: string;
  readonly position: number;
  readonly by: string;
  readonly reason: string | null;
}

const actionRow = ({ at, action, consumer, position, by, reason }: Action) => ({
  at,
  what: action,
  consumer,
  position: String(position),
  by,
  reason: reason ?? "",
});

async function show(
  consumer: string,
  position: string,
  _flags: unknown,
  command: Command,
): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const place = { consumer, position: Number(position) };
    const found = await client.deadLetters.show.query(place);
    if (json) return print(found, { json });
    const { letter, event, history } = found;
    const lines = letter
      ? [
          `${letter.state} after ${letter.attempts} attempts, ${letter.waitingBehind} of its subject wait behind it`,
          `error    ${clean(letter.error ?? "none of its own: it waits behind another of its subject")}`,
        ]
      : ["not parked any more"];
    process.stdout.write(`${lines.join("\n")}\n`);
    if (event) {
      process.stdout.write(`event    ${clean(event.type)} ${event.id}, ${event.recordedAt}\n`);
      process.stdout.write(`trace    cloudphone trace ${event.id}\n`);
      const data = JSON.stringify(event.data, null, 2).split("\n").map(clean).join("\n");
      process.stdout.write(`${data}\n`);
    }
    if (history.length > 0) print(history, { json, rows: history.map(actionRow) });
  });
}
