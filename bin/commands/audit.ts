import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";

interface Flags extends PageFlags {
  readonly by?: string;
  readonly act?: string;
}

type Entry = Awaited<ReturnType<Client["audit"]["list"]["query"]>>[number];

export const auditCommand = (program: Command): void => {
  paged(program.command("audit"))
    .description("who did what with the platform, when and why; newest first (staff)")
    .option("--by <email>", "of one person")
    .option("--act <name>", "as the API calls it: hosts.drain, or an area: hosts")
    .action(({ by, act, ...page }: Flags, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.audit.list.query({
          ...(by ? { by } : {}),
          ...(act ? { act } : {}),
          ...pageOf(page),
        });
        print(list, { json, rows: list.map(row), empty: "Nothing was done yet." });
        if (!json) tellEarlier(list, page, list.at(-1)?.id);
      }),
    );
};

const row = ({ at, by, act, asked, outcome, refusal, keyId }: Entry) => {
  const { reason = "", ...rest } = asObject(asked);
  return {
    at,
    by: keyId === null ? by : `${by} (API key)`,
    act,
    asked: Object.entries(rest)
      .map(
        ([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`,
      )
      .join(", "),
    reason: typeof reason === "string" ? reason : JSON.stringify(reason),
    outcome: outcome === "ok" ? "done" : (refusal ?? outcome ?? "not known"),
  };
};

const asObject = (asked: unknown): Record<string, unknown> =>
  typeof asked === "object" && asked !== null ? (asked as Record<string, unknown>) : {};
