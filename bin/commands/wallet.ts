import { randomUUID } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import { formatMinor, parseMinor } from "@cloudphone/shared/money";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { countOf, paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";

export function walletCommands(program: Command): void {
  const wallet = program.command("wallet").description("balance and top-ups");
  wallet.command("show", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const found = await client.wallet.show.query({});
      print(found, {
        json,
        rows: [
          {
            balance: formatMinor(found.balanceMinor, found.currency),
            held: formatMinor(found.heldMinor, found.currency),
            "spent this month": formatMinor(found.limit.spentMinor, found.currency),
            limit:
              found.limit.monthlyMinor === null
                ? "none"
                : formatMinor(found.limit.monthlyMinor, found.currency),
          },
        ],
      });
    }),
  );
  wallet
    .command("topup")
    .description("credit a wallet (staff)")
    .argument("<amount>", "like 20 or 19.90")
    .option("--user <id>", "whose wallet")
    .option("--reason <text>")
    .action((amount: string, flags: { user?: string; reason?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const amountMinor = parseMinor(amount);
        if (amountMinor === null)
          throw new Fault("bad_input", `${amount} is no amount; write it like 20 or 19.90.`);
        const answer = await client.wallet.topup.mutate({
          amountMinor,
          idempotencyKey: randomUUID(),
          ...(flags.user ? { userId: flags.user } : {}),
          ...(flags.reason ? { reason: flags.reason } : {}),
        });
        print(answer, {
          json,
          rows: [
            { user: answer.userId, balance: formatMinor(answer.balanceMinor, answer.currency) },
          ],
        });
      }),
    );
  limitCommand(wallet);
  statementCommand(wallet);
}

function limitCommand(wallet: Command): void {
  wallet
    .command("limit")
    .argument("<amount>", "per calendar month, like 50 or 19.90; or none")
    .description("the most you want to spend: your phones are switched off once it is reached")
    .action((amount: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const monthlyMinor = amount === "none" ? null : parseMinor(amount);
        if (monthlyMinor === null && amount !== "none")
          throw new Fault(
            "bad_input",
            `${amount} is no amount; write it like 50 or 19.90, or none.`,
          );
        const now = await client.wallet.setLimit.mutate({ monthlyMinor });
        const { currency } = await client.wallet.show.query({});
        const spent = formatMinor(now.spentMinor, currency);
        const limit = now.monthlyMinor === null ? "none" : formatMinor(now.monthlyMinor, currency);
        print(now, { json, rows: [{ limit, "spent this month": spent }] });
      }),
    );
}

function statementCommand(wallet: Command): void {
  paged(wallet.command("statement"))
    .description("what your wallet gained and lost, newest first")
    .option("--user <id>", "whose wallet (staff)")
    .action(({ user, ...page }: PageFlags & { user?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const { limit, before } = pageOf(page);
        const { currency, lines } = await client.wallet.statement.query({
          ...(user ? { userId: user } : {}),
          ...(before === undefined ? {} : { before: countOf(before) }),
          limit,
        });
        const rows = lines.map((line) => ({
          at: line.at,
          what: line.kind,
          amount: formatMinor(line.amountMinor, currency),
          balance: formatMinor(line.balanceMinor, currency),
          memo: line.memo,
          reference: line.reference,
        }));
        print(lines, { json, rows, empty: "Nothing was paid in or out yet." });
        if (!json) tellEarlier(lines, page, lines.at(-1)?.id);
      }),
    );
}
