import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

type Share = Awaited<ReturnType<Client["shares"]["list"]["query"]>>[number];

const row = (share: Share): Record<string, string> => ({
  device: share.device,
  until: share.expiresAt,
  "look now": String(share.visitors),
  id: share.shareId,
});

/** Links by which phones are shown to others; `screen --share` makes them. */
export const shareCommands = (program: Command): void => {
  const shares = program.command("shares").description("links by which others look at your phones");
  shares.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.shares.list.query();
      print(list, { json, rows: list.map(row), empty: "You show no phone to anybody." });
    }),
  );
  shares
    .command("revoke")
    .description("takes a link back, and ends what goes on by it")
    .argument("<id>")
    .action((shareId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        await client.shares.revoke.mutate({ shareId });
        print({ shareId, revoked: true }, { json, rows: [{ "taken back": shareId }] });
      }),
    );
};
