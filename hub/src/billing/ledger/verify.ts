import type { Id } from "@cloudphone/shared/ids";
import type { Database, Tx } from "../../platform/postgres/database.ts";

export interface LedgerReport {
  /** True when nothing below is wrong. */
  readonly sound: boolean;
  /** Σ of all entries, per currency; each must be 0. */
  readonly sums: readonly { readonly currency: string; readonly sumMinor: number }[];
  /** Transactions that do not add up. */
  readonly unbalanced: readonly Id[];
  /** Accounts whose stored balance is not what their entries add up to. */
  readonly mismatches: readonly {
    readonly accountId: Id;
    readonly balanceMinor: number;
    readonly entriesMinor: number;
  }[];
  /** Orders whose money is not where their payment says: held = posted + given back + still set aside. */
  readonly payments: readonly { readonly orderId: Id; readonly problem: string }[];
  /** Orders that more was given back for than was taken, or whose refunds are not what the ledger posted. */
  readonly refunds: readonly { readonly orderId: Id; readonly problem: string }[];
}

/** Recounts the whole ledger in one snapshot. The oracle of every fault test, and for an operator who doubts. */
export function verifyLedger(database: Database): Promise<LedgerReport> {
  return database.transaction(async (tx) => {
    await tx`set transaction isolation level repeatable read, read only`;
    const sums = await tx<{ currency: string; sumMinor: number }>`
      select a.currency, sum(e.amount_minor)::bigint as "sumMinor"
      from entries e join accounts a on a.id = e.account_id group by a.currency order by a.currency`;
    const unbalanced = await tx<{ id: Id }>`
      select distinct e.transaction_id as id from entries e join accounts a on a.id = e.account_id
      group by e.transaction_id, a.currency having sum(e.amount_minor) <> 0 limit 100`;
    const mismatches = await tx<{ accountId: Id; balanceMinor: number; entriesMinor: number }>`
      select a.id as "accountId", a.balance_minor as "balanceMinor", coalesce(sum(e.amount_minor), 0)::bigint as "entriesMinor"
      from accounts a left join entries e on e.account_id = a.id
      group by a.id having a.balance_minor <> coalesce(sum(e.amount_minor), 0) limit 100`;
    const payments = await tx<{ orderId: Id; problem: string }>`
      with postings as (
        select order_id, amount_minor, state,
          exists (select 1 from transactions where reference = 'hold:' || order_id) as held,
          exists (select 1 from transactions where reference = 'capture:' || order_id) as captured,
          exists (select 1 from transactions where reference = 'void:' || order_id) as voided
        from payments
      )
      select order_id as "orderId", 'the payment is ' || state || ' but the ledger says otherwise' as problem
      from postings where (captured and voided)
        or captured is distinct from (state = 'captured' and amount_minor > 0)
        or (state in ('held', 'captured') and held is distinct from (amount_minor > 0))
        or (state = 'voided' and held is distinct from voided)
        or (state = 'refused' and held) limit 100`;
    const refunds = await verifyRefunds(tx);
    return {
      sound:
        sums.every((row) => row.sumMinor === 0) &&
        unbalanced.length + mismatches.length + payments.length + refunds.length === 0,
      sums,
      unbalanced: unbalanced.map((row) => row.id),
      mismatches,
      payments,
      refunds,
    };
  });
}

async function verifyRefunds(tx: Tx): Promise<{ orderId: Id; problem: string }[]> {
  return tx<{ orderId: Id; problem: string }>`
    with posted as (
      select r.order_id, r.amount_minor, (
        select e.amount_minor from entries e join transactions t on t.id = e.transaction_id
        where t.reference = 'refund:' || r.id and e.amount_minor > 0) as ledger_minor
      from refunds r
    ), sums as (
      select order_id, sum(amount_minor)::bigint as refunds_minor,
        bool_or(amount_minor is distinct from ledger_minor) as differs from posted group by order_id
    )
    select o.id as "orderId", case
        when differs then 'a refund is not what the ledger posted'
        when o.refunded_minor is distinct from coalesce(refunds_minor, 0) then 'the refunds do not add up to what the order says'
        else 'more was given back than was taken' end as problem
    from orders o left join sums s on s.order_id = o.id
    where o.refunded_minor > 0 and (differs or o.refunded_minor is distinct from refunds_minor
      or o.refunded_minor > o.price_minor + o.renewals_minor + o.usage_minor) limit 100`;
}
