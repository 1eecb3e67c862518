import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

interface Flags {
  readonly by?: string;
  readonly act?: string;
  readonly before?: string;
  readonly last: string;
}

type Entry = Awaited<ReturnType<Client["audit"]["list"]["query"]>>[number];

export const auditCommand = (program: Command): void => {
  program
    .command("audit")
    .description("who did what with the platform, when and why; newest first (staff)")
    .option("--by <email>", "of one person")
    .option("--act <name>", "as the API calls it: hosts.drain, or an area: hosts")
    .option("--before <id>", "only those before that entry")
    .option("-n, --last <count>", "at most", "50")
    .action(({ by, act, before, last }: Flags, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.audit.list.query({
          ...(by ? { by } : {}),
          ...(act ? { act } : {}),
          ...(before ? { before } : {}),
          limit: Number(last),
        });
        print(list, { json, rows: list.map(row), empty: "Nothing was done yet." });
        const end = list.at(-1);
        if (!json && end && list.length === Number(last))
          process.stdout.write(`Earlier ones: --before ${end.id}\n`);
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
