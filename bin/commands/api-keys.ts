import { type Command, InvalidArgumentError } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";

export const apiKeyCommands = (program: Command): void => {
  const keys = program
    .command("api-keys")
    .description("keys for programs, which send them as bearer token or in CLOUDPHONE_API_KEY");
  keys
    .command("list")
    .description("your keys, the newest first")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.apiKeys.list.query();
        print(list, {
          json,
          empty: "No keys yet: `cloudphone api-keys create <name> --scope devices.read` makes one.",
          rows: list.map((key) => ({
            name: key.name,
            key: `${key.prefix}…`,
            may: key.scopes.join(" "),
            state: key.state,
            "last used": key.lastUsedAt ?? "never",
            "good until": key.expiresAt ?? "you revoke it",
            id: key.id,
          })),
        });
      }),
    );
  keys
    .command("create")
    .argument("<name>", "what it is for")
    .requiredOption("--scope <scopes...>", "what it may do: devices.read, apps.write, *.read, ...")
    .option("--days <days>", "good for so many days (default: until it is revoked)", wholeDays)
    .description("make a key; it is shown this once")
    .action((name: string, flags: { scope: string[]; days?: number }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const wish = { name, scopes: flags.scope, days: flags.days ?? null };
        const made = await client.apiKeys.create.mutate(wish);
        print(made, { json, rows: [{ "the key, shown this once": made.key, id: made.id }] });
      }),
    );
  keys
    .command("revoke")
    .argument("<id>")
    .description("end a key; it is refused from its next call on")
    .action((keyId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        print(await client.apiKeys.revoke.mutate({ keyId }), { json, rows: [{ revoked: keyId }] });
      }),
    );
};

function wholeDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1)
    throw new InvalidArgumentError("It is a whole number of days, 1 or more.");
  return days;
}
