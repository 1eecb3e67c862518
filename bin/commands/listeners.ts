import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";

export const listenerCommands = (program: Command): void => {
  const listeners = program
    .command("listeners")
    .description("programs outside that hear events on MQTT (staff)");
  listeners.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.listeners.list.query();
      const rows = list.map(({ name, types, username, createdBy, listenerId }) => ({
        name,
        hears: types.join(" "),
        username,
        "made by": createdBy,
        id: listenerId,
      }));
      print(list, { json, rows, empty: "None yet: `cloudphone listeners create NAME` makes one." });
    }),
  );
  listeners
    .command("create")
    .argument("<name>", "what it is for")
    .requiredOption("--type <types...>", "what it may hear: order.paid, 'order.*', '*'")
    .description(
      "make one; its password is shown this once. It subscribes to cloudphone/v1/events/+",
    )
    .action((name: string, { type: types }: { type: string[] }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const made = await client.listeners.create.mutate({ name, types });
        const row = {
          "username and client id": made.username,
          "password, shown this once": made.secret,
        };
        print(made, { json, rows: [row] });
      }),
    );
  listeners
    .command("remove")
    .argument("<listener-id>")
    .description("it hears nothing any more, within seconds")
    .action((listenerId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.listeners.remove.mutate({ listenerId });
        print(answer, { json, rows: [{ removed: listenerId }] });
      }),
    );
};
