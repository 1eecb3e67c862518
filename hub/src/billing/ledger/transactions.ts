import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { likeText } from "../../platform/postgres/like.ts";

export interface TransactionSide {
  /** `wallet` and `held` are a customer's, `revenue` and `funding` the operator's. */
  readonly account: string;
  readonly userId: Id | null;
  readonly amountMinor: number;
  readonly currency: string;
}

export interface LedgerTransaction {
  readonly id: Id;
  readonly at: string;
  readonly kind: string;
  readonly reference: string;
  readonly memo: string;
  /** They add up to zero. */
  readonly sides: readonly TransactionSide[];
}

export interface TransactionPage {
  readonly userId: Id | null;
  readonly kind: string | null;
  readonly search: string | null;
  readonly before: Id | null;
  readonly limit: number;
}

/** Newest first, behind a transaction; ids are made in order of time (UUIDv7), so they are the order. */
export async function listTransactions(
  query: Query,
  { userId, kind, search, before, limit }: TransactionPage,
): Promise<LedgerTransaction[]> {
  const like = likeText(search);
  const rows = await query<Omit<LedgerTransaction, "at"> & { at: Date }>`
    select t.id, t.at, t.kind, t.reference, t.memo, (
      select jsonb_agg(jsonb_build_object('account', a.kind, 'userId', a.user_id, 'amountMinor', e.amount_minor,
        'currency', a.currency) order by e.id)
      from entries e join accounts a on a.id = e.account_id where e.transaction_id = t.id) as sides
    from transactions t
    where (${kind}::text is null or t.kind = ${kind}) and (${before}::uuid is null or t.id < ${before})
      and (${like}::text is null or t.reference ilike '%' || ${like} || '%' or t.memo ilike '%' || ${like} || '%')
      and (${userId}::uuid is null or exists (
        select 1 from entries e join accounts a on a.id = e.account_id
        where e.transaction_id = t.id and a.user_id = ${userId}))
    order by t.id desc limit ${limit}`;
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** What the operator's revenue grew by from an instant on. */
export async function sumRevenue(
  query: Query,
  { currency, since }: { readonly currency: string; readonly since: string },
): Promise<number> {
  const [row] = await query<{ sum: number }>`
    select coalesce(sum(e.amount_minor), 0)::bigint as sum
    from entries e join accounts a on a.id = e.account_id join transactions t on t.id = e.transaction_id
    where a.kind = 'revenue' and a.currency = ${currency} and t.at >= ${since}::timestamptz`;
  return row?.sum ?? 0;
}
