import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

type Permissions = Parameters<Client["roles"]["save"]["mutate"]>[0]["permissions"];
type Role = Awaited<ReturnType<Client["roles"]["list"]["query"]>>[number];

const row = (role: Role): Record<string, string> => ({
  role: role.name,
  accounts: String(role.accounts),
  from: role.builtIn ? "the platform" : "an administrator",
  may: role.name === "admin" ? "everything" : role.permissions.join(" "),
  description: role.description,
});

/** Roles: what those who have them may do. */
export const roleCommands = (program: Command): void => {
  const roles = program.command("roles").description("roles and what they may do (staff)");
  roles
    .command("list", { isDefault: true })
    .description("every role")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.roles.list.query();
        print(list, { json, rows: list.map(row) });
      }),
    );
  roles
    .command("permissions")
    .description("what a role can be composed of")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.roles.permissions.query();
        print(list, {
          json,
          rows: list.map(({ name, means }) => ({ permission: name, "lets one": means })),
        });
      }),
    );
  roles
    .command("save")
    .argument("<name>")
    .requiredOption("--may <permissions...>", "what it may do; see `cloudphone roles permissions`")
    .option("--description <text>", "what it is for")
    .description("make a role, or change what one may do, from the next call of those who have it")
    .action((name: string, flags: { may: string[]; description?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        // The hub says which of them is none.
        const permissions = flags.may as Permissions;
        const description = flags.description ?? "";
        const saved = await client.roles.save.mutate({ name, description, permissions });
        print(saved, { json, rows: [row(saved)] });
      }),
    );
  roles
    .command("remove")
    .argument("<name>")
    .description("take a role away that nobody has")
    .action((name: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        print(await client.roles.remove.mutate({ name }), { json, rows: [{ removed: name }] });
      }),
    );
};
