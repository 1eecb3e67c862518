import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";

export const poolCommands = (program: Command): void => {
  const pools = program
    .command("pools")
    .description("phones kept on and free, so that a customer need not wait for a boot (staff)");
  pools.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.pools.list.query();
      const rows = list.map(({ spec, target, on, changedBy }) => ({
        phone: `${spec.provider} ${spec.image} ${spec.width}x${spec.height}, ${spec.memoryMiB} MiB`,
        wanted: String(target),
        on: String(on),
        "said by": changedBy ?? "configuration",
      }));
      print(list, { json, rows, empty: "None: each phone is switched on when it is bought." });
    }),
  );
  pools
    .command("set")
    .argument("<plan>", "whose phones: a plan's name or id")
    .argument("<count>", "how many to keep; 0 keeps none")
    .action((wanted: string, count: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const target = Number(count);
        if (!/^\d+$/.test(count)) throw new Fault("bad_input", `${count} is no number of phones.`);
        const plan = (await client.plans.list.query()).find(
          ({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase(),
        );
        if (!plan)
          throw new Fault("not_found", `There is no plan ${wanted}; see \`cloudphone plans\`.`);
        const answer = await client.pools.set.mutate({ spec: plan.spec, target });
        print(answer, { json, rows: [{ "phones of": plan.name, wanted: String(target) }] });
      }),
    );
};
