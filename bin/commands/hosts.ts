import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";

export const hostCommands = (program: Command): void => {
  const hosts = program.command("hosts").description("the machines that phones run on (staff)");
  hosts.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.hosts.list.query();
      const rows = list.map((host) => ({
        name: host.name,
        state: host.state,
        phones: String(host.devices),
        capacity: host.providers.map(({ kind, capacity }) => `${kind} ${capacity}`).join(", "),
        seen: host.lastSeenAt ?? "never",
        id: host.hostId,
      }));
      print(list, {
        json,
        rows,
        empty: "No hosts yet: `cloudphone hosts enroll-token` begins one.",
      });
    }),
  );
  hosts
    .command("enroll-token")
    .description("a one-time token for `cloudphone enroll` on a new host")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const made = await client.hosts.createEnrollment.mutate({});
        print(made, { json, rows: [{ token: made.token, "good until": made.expiresAt }] });
      }),
    );
  hosts
    .command("remove")
    .argument("<host-id>")
    .requiredOption("--reason <text>")
    .action((hostId: string, { reason }: { reason: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.hosts.remove.mutate({ hostId, reason });
        print(answer, { json, rows: [{ removed: hostId }] });
      }),
    );
};
