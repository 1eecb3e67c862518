import { randomUUID } from "node:crypto";
import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { parseMoment } from "../moment.ts";
import { print } from "../output.ts";
import { countOf, paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";
import { archiveCommands, searchArchived } from "./archive.ts";
import { traceLines } from "../trace.ts";

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
  events
    .command("search")
    .description("past events by what they are, what they are about, when, and why (staff)")
    .option("--type <type...>")
    .option("--subject <id>", "of the order, device, host, user, …")
    .option("--correlation <id>", "of one request")
    .option("--since <time>", "an instant, or so long ago: 15m, 2h, 3d")
    .option("--until <time>", "likewise")
    .option("--before <position>", "only those before this place in the log")
    .option("-n, --last <count>", "at most, the newest", "50")
    .option("--archived", "those that have left the database for files")
    .action(search);
  archiveCommands(events);
  sagaCommands(program);
  logCommands(program);
};

function sagaCommands(program: Command): void {
  const sagas = program.command("sagas").description("processes over several events (staff)");
  paged(sagas.command("list", { isDefault: true })).action((page: PageFlags, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.sagas.list.query(pageOf(page));
      const rows = list.map(({ name, status, phase, startedAt, updatedAt, id }) => ({
        saga: name,
        status,
        phase,
        started: startedAt,
        updated: updatedAt,
        id,
      }));
      print(list, { json, rows, empty: "No sagas yet." });
      if (!json) tellEarlier(list, page, list.at(-1)?.id);
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
        const can = (["retry", "compensate"] as const).filter((wish) => saga.possible[wish]);
        if (!json && can.length > 0)
          process.stdout.write(
            `${can.map((wish) => `cloudphone sagas ${wish} ${id} --reason "…"`).join("\n")}\n`,
          );
      }),
    );
  intervention(sagas, "retry").description("have it ask again for what it waits for (staff)");
  intervention(sagas, "compensate").description("have it undo what it did (staff)");
}

const intervention = (sagas: Command, wish: "retry" | "compensate"): Command =>
  sagas
    .command(wish)
    .argument("<id>")
    .requiredOption("--reason <text>", "kept with your name")
    .action((id: string, { reason }: { reason: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const wanted = { id, reason, idempotencyKey: randomUUID() };
        const done = await client.sagas[wish].mutate(wanted);
        print(done, { json, rows: [{ ...done }] });
      }),
    );

/** Who reads the log, and what became of one request. */
function logCommands(program: Command): void {
  program
    .command("consumers")
    .description("who reads the log, how far behind and how fast (staff)")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.consumers.list.query();
        print(list, {
          json,
          rows: list.map(({ name, position, inArchive, lag, ratePerSecond, parked, dead }) => ({
            consumer: name,
            position: inArchive ? `${position} (archived)` : String(position),
            lag: String(lag),
            "events/s": ratePerSecond.toFixed(2),
            parked: String(parked),
            dead: String(dead),
          })),
        });
      }),
    );
  program
    .command("trace")
    .argument("<id>", "of an event, a request, an order, a saga, an installation, a device")
    .description("all that one request caused, to its end, as a tree (staff)")
    .action((id: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const trace = await client.events.trace.query({ id });
        if (json) return print(trace, { json });
        const ms = Date.parse(trace.endedAt) - Date.parse(trace.startedAt);
        process.stdout.write(
          `${trace.startedAt}: ${trace.events} events in ${(ms / 1000).toFixed(3)} s\n` +
            `${traceLines(trace.startedAt, trace.roots).join("\n")}\n` +
            (trace.truncated ? "More was caused than is shown here.\n" : ""),
        );
      }),
    );
}

interface SearchFlags {
  readonly type?: string[];
  readonly subject?: string;
  readonly correlation?: string;
  readonly since?: string;
  readonly until?: string;
  readonly before?: string;
  readonly last: string;
  readonly archived?: boolean;
}

async function search(flags: SearchFlags, command: Command): Promise<void> {
  const { type, subject, correlation, since, until, before, last } = flags;
  const now = Date.now();
  const filter = {
    ...(type ? { types: type } : {}),
    ...(subject ? { subject } : {}),
    ...(correlation ? { correlationId: correlation } : {}),
    ...(since ? { since: parseMoment(since, now) } : {}),
    ...(until ? { until: parseMoment(until, now) } : {}),
    ...(before ? { before: Number(before) } : {}),
    limit: countOf(last),
  };
  await withHub(command, async ({ client, json }) => {
    const found = flags.archived
      ? await searchArchived(client, filter)
      : await client.events.list.query(filter);
    if (json) return print(found, { json });
    process.stdout.write(`${found.map(line).join("\n") || "No such events."}\n`);
    const first = found[0];
    if (first && found.length === filter.limit)
      process.stdout.write(`Earlier ones: --before ${first.position}\n`);
    else if (!flags.archived) await tellOfArchive(client);
  });
}

async function tellOfArchive(client: Client): Promise<void> {
  const { horizon } = await client.archive.state.query();
  if (horizon > 0)
    process.stdout.write(`Events up to ${horizon} are archived: --archived looks there.\n`);
}

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
        : await client.events.list.query({ ...filter, limit: countOf(flags.last) });
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
