import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

type Session = Awaited<ReturnType<Client["sessions"]["list"]["query"]>>[number];

const row = (session: Session): Record<string, string> => ({
  device: session.device,
  for: session.purpose,
  opened: session.openedAt,
  closed: session.closedAt ?? "open",
  why: session.text ?? "",
  "to phone": String(session.bytesToDevice),
  "from phone": String(session.bytesFromDevice),
  id: session.sessionId,
});

/** Who reached into which phone, when and why it ended. */
export const sessionCommands = (program: Command): void => {
  const sessions = program.command("sessions").description("who reached into which phone");
  sessions.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.sessions.list.query();
      print(list, { json, rows: list.map(row), empty: "Nobody has reached into a phone yet." });
    }),
  );
  sessions
    .command("close")
    .argument("<id>")
    .action((sessionId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const closed = await client.sessions.close.mutate({ sessionId });
        print(closed, { json, rows: [row(closed)] });
      }),
    );
};
