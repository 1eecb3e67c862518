import { formatMinor } from "@cloudphone/shared/money";
import type { Id } from "@cloudphone/shared/ids";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { Owner } from "./ledger.ts";

export interface SpendingLimit {
  /** Per calendar month, UTC; null: none. */
  readonly monthlyMinor: number | null;
  /** What was taken this month so far, less what went back. */
  readonly spentMinor: number;
}

export async function spendingLimit(query: Query, owner: Owner): Promise<SpendingLimit> {
  const [row] = await query<{ limit: number | null }>`
    select monthly_limit_minor as limit from wallet_watches where user_id = ${owner.userId}`;
  return { monthlyMinor: row?.limit ?? null, spentMinor: await spentThisMonth(query, owner) };
}

/** Captures, renewals and usage of this calendar month, less refunds. */
export async function spentThisMonth(query: Query, { userId, currency }: Owner): Promise<number> {
  const [row] = await query<{ spent: number }>`
    select coalesce(-sum(e.amount_minor), 0)::bigint as spent
    from accounts a join entries e on e.account_id = a.id join transactions t on t.id = e.transaction_id
    where a.user_id = ${userId} and a.currency = ${currency} and t.kind in ('capture', 'usage', 'renewal', 'refund')
      and t.at >= date_trunc('month', clock_timestamp() at time zone 'UTC') at time zone 'UTC'`;
  return row?.spent ?? 0;
}

/** Why so much more may not be spent this month; null: it may. */
export async function limitRefusal(
  tx: Tx,
  owner: Owner,
  amountMinor: number,
): Promise<string | null> {
  const { monthlyMinor, spentMinor } = await spendingLimit(tx, owner);
  if (monthlyMinor === null || spentMinor + amountMinor <= monthlyMinor) return null;
  const [limit, spent] = [monthlyMinor, spentMinor].map((minor) =>
    formatMinor(minor, owner.currency),
  );
  return `Your spending limit of ${limit} this month does not allow it: ${spent} are spent. \`cloudphone wallet limit\` changes it.`;
}

export async function setLimit(tx: Tx, userId: Id, monthlyMinor: number | null): Promise<void> {
  await tx`
    insert into wallet_watches (user_id, monthly_limit_minor) values (${userId}, ${monthlyMinor})
    on conflict (user_id) do update set monthly_limit_minor = excluded.monthly_limit_minor`;
}
