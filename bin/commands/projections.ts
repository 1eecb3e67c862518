import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { type Client, until, withHub } from "../client.ts";
import { print } from "../output.ts";
import { progressBar } from "../progress.ts";

const rebuildMs = 6 * 3_600_000;

type Projection = Awaited<ReturnType<Client["projections"]["list"]["query"]>>[number];

export const projectionCommands = (program: Command): void => {
  const projections = program
    .command("projections")
    .description("read models folded from the event log (staff)");
  projections.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.projections.list.query();
      const rows = list.map((one) => ({
        name: one.name,
        tables: one.tables.join(", "),
        "built anew": inWords(one),
      }));
      print(list, { json, rows });
    }),
  );
  projections
    .command("rebuild")
    .argument("<name>", "as `projections list` names it")
    .option("--no-wait", "do not wait until it is done")
    .description("build it anew from the log; the old one is read until the new one is whole")
    .action((name: string, flags: { wait: boolean }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const begun = await client.projections.rebuild.mutate({ name });
        if (!flags.wait) {
          print(begun, { json, rows: [{ name, "built anew": "under way" }] });
          return;
        }
        const show = progressBar();
        const done = await until(
          async () => {
            const one = (await client.projections.list.query()).find((each) => each.name === name);
            if (!one?.rebuild) throw new Fault("not_found", `There is no projection ${name}.`);
            const { position, target, state } = one.rebuild;
            show(state === "done" ? target : Math.min(position, target - 1), target);
            return state === "done" ? one : null;
          },
          rebuildMs,
          "The rebuild",
        );
        print(done, { json, rows: [{ name, "built anew": inWords(done) }] });
      }),
    );
};

function inWords({ rebuild }: Projection): string {
  if (!rebuild) return "never";
  const { state, position, target, startedAt, endedAt, by } = rebuild;
  if (state === "running")
    return `under way: at ${position} of ${target} (${target === 0 ? 100 : Math.floor((Math.min(position, target) / target) * 100)} %)`;
  const seconds = (Date.parse(endedAt ?? startedAt) - Date.parse(startedAt)) / 1000;
  return `${endedAt ?? ""} by ${by}: ${target} events in ${seconds.toFixed(1)} s`;
}
