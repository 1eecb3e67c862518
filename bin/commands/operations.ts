import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";

interface TailFlags {
  readonly type?: string[];
  readonly subject?: string;
  readonly last: string;
  readonly follow: boolean;
}

const line = (event: RecordedEnvelope): string =>
  `${String(event.position).padStart(6)}  ${event.recordedAt}  ${event.type.padEnd(26)} ${event.subject}`;

export const operationCommands = (program: Command): void => {
  const events = program.command("events").description("the event log");
  events
    .command("tail", { isDefault: true })
    .description("the last events (staff), and those that come")
    .option("--type <type...>")
    .option("--subject <id>")
    .option("-n, --last <count>", "how many of the past", "20")
    .option("--no-follow", "stop after the past ones")
    .action(tail);
  const sagas = program.command("sagas").description("processes over several events (staff)");
  sagas.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.sagas.list.query({});
      const rows = list.map(({ name, status, phase, startedAt, updatedAt, id }) => ({
        saga: name,
        status,
        phase,
        started: startedAt,
        updated: updatedAt,
        id,
      }));
      print(list, { json, rows, empty: "No sagas yet." });
    }),
  );
  sagas
    .command("show")
    .argument("<id>")
    .action((id: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const saga = await client.sagas.show.query({ id });
        const rows = saga.steps.map((step) => ({
          step: String(step.step),
          at: step.at,
          input: step.input,
          phase: step.phase,
          emitted: step.emitted.join(", "),
          note: step.note,
        }));
        print(saga, { json, rows });
      }),
    );
  program
    .command("consumers")
    .description("who reads the log, and how far behind (staff)")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.consumers.list.query();
        print(list, {
          json,
          rows: list.map(({ name, position, lag }) => ({
            consumer: name,
            position: String(position),
            lag: String(lag),
          })),
        });
      }),
    );
  const dead = program
    .command("dead-letters")
    .description("events that could not be handled (staff)");
  dead.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.deadLetters.list.query({});
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
  dead
    .command("replay")
    .argument("<consumer>")
    .argument("<position>")
    .action((consumer: string, position: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.deadLetters.replay.mutate({
          consumer,
          position: Number(position),
        });
        print(answer, { json, rows: [{ consumer, position, replay: "asked for" }] });
      }),
    );
};

/** One line when the hub goes away, and one when it is back. */
function tellOfLink(): (link: { state: string; error: Error | null }) => void {
  let away = false;
  return ({ state, error }) => {
    if (state === "connecting" && error && !away) {
      away = true;
      process.stderr.write("The hub can't be reached; trying again until it is back.\n");
    } else if (state === "pending" && away) {
      away = false;
      process.stderr.write("The hub is back.\n");
    }
  };
}

async function tail(flags: TailFlags, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const show = (event: RecordedEnvelope): void =>
      void process.stdout.write(`${json ? JSON.stringify(event) : line(event)}\n`);
    const filter = {
      ...(flags.type ? { types: flags.type } : {}),
      ...(flags.subject ? { subject: flags.subject } : {}),
    };
    const me = await client.accounts.me.query();
    const past =
      me.role === "customer"
        ? []
        : await client.events.list.query({ ...filter, limit: Number(flags.last) });
    for (const event of past) show(event);
    if (!flags.follow) return;
    const after = past.at(-1)?.position;
    await new Promise<void>((resolve, reject) => {
      const subscription = client.events.live.subscribe(
        { ...filter, ...(after === undefined ? {} : { after }) },
        {
          onData: ({ data }) => show(data),
          onError: reject,
          onConnectionStateChange: tellOfLink(),
        },
      );
      process.once("SIGINT", () => {
        subscription.unsubscribe();
        resolve();
      });
    });
  });
}
