import type { Id, Source } from "@cloudphone/shared/ids";
import type { Cause } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { type Owner } from "./ledger.ts";
import { topUp } from "./movements.ts";

export interface Credit extends Owner {
  readonly amountMinor: number;
  /** Names the credit once: a second one with the same name changes nothing and says nothing. */
  readonly of: string;
  readonly reason: string;
  readonly cause: Cause;
}

/** Puts money into a wallet and says `wallet.credited`, in the caller's transaction. Returns what the wallet holds then. */
export async function creditWallet(tx: Tx, credit: Credit, source: Source): Promise<number> {
  const { userId, currency, amountMinor, reason, cause } = credit;
  const movement = { ...credit, memo: reason, correlationId: cause.correlationId };
  const { posted, balanceMinor } = await topUp(tx, movement, source);
  const data = { userId, amountMinor, currency, reason };
  if (posted)
    tx.withCommit(() =>
      emit(tx, [{ type: "wallet.credited", subject: userId, data }], { cause, source }),
    );
  return balanceMinor;
}

export interface StatementLine {
  /** Grows with time; give the last line's to get the page before it. */
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly reference: string;
  readonly memo: string;
  /** Signed: what the wallet gained or lost. */
  readonly amountMinor: number;
  /** The wallet's balance after this line. */
  readonly balanceMinor: number;
}

/** A wallet's lines, newest first, before a line (or from the newest on). */
export async function statement(
  tx: Tx,
  walletId: Id,
  page: { before: number | null; limit: number },
): Promise<StatementLine[]> {
  const rows = await tx<Omit<StatementLine, "at"> & { at: Date }>`
    select id, at, kind, reference, memo, amount_minor as "amountMinor", balance as "balanceMinor" from (
      select e.id, t.at, t.kind, t.reference, t.memo, e.amount_minor,
        a.balance_minor - coalesce(sum(e.amount_minor) over (
          order by e.id desc rows between unbounded preceding and 1 preceding), 0)::bigint as balance
      from entries e join transactions t on t.id = e.transaction_id join accounts a on a.id = e.account_id
      where e.account_id = ${walletId}
    ) lines
    where (${page.before}::bigint is null or id < ${page.before}) order by id desc limit ${page.limit}`;
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
