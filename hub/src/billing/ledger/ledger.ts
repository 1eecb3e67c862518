import type { Id, Source } from "@cloudphone/shared/ids";
import type { Query, Tx } from "../../platform/postgres/database.ts";

export type TransactionKind =
  | "topup"
  | "hold"
  | "capture"
  | "void"
  | "usage"
  | "refund"
  | "renewal";

export interface Posting {
  readonly kind: TransactionKind;
  /** What it is for, once: `hold:<orderId>`. A second posting with the same reference changes nothing. */
  readonly reference: string;
  /** For the statement a person reads. */
  readonly memo: string;
  readonly correlationId: Id | null;
  /** Signed minor units; they add up to zero, and none is zero. */
  readonly entries: readonly { readonly accountId: Id; readonly amountMinor: number }[];
}

/**
 * Writes one balanced transaction; false when its reference was posted before. The database refuses one that does not add up (at the commit), keeps
 * the balances, and lets nobody change what was posted. Call `lockLedger` first.
 */
export async function post(tx: Tx, posting: Posting, source: Source): Promise<boolean> {
  const id = source.id();
  // Sent together, done one after the other: everybody who moves money waits for the ledger's lock meanwhile.
  const [inserted] = await Promise.all([
    tx`
      insert into transactions (id, kind, reference, memo, correlation_id)
      values (${id}, ${posting.kind}, ${posting.reference}, ${posting.memo}, ${posting.correlationId})
      on conflict (reference) do nothing returning id`,
    tx`
      insert into entries (transaction_id, account_id, amount_minor)
      select t.id, "accountId", "amountMinor"
      from transactions t, jsonb_to_recordset(${tx.json(posting.entries)}) as e("accountId" uuid, "amountMinor" bigint)
      where t.id = ${id}`,
  ]);
  return inserted.count > 0;
}

/**
 * Lets one transaction at a time write money, orders or usage, until it ends. Every such writer calls it before it locks any row: postings meet at the same few
 * accounts, and consumers commit many of them at once, so without it two batches would wait for each other.
 */
export async function lockLedger(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('cloudphone.ledger'))`;
}

export interface Owner {
  readonly userId: Id;
  readonly currency: string;
}

export interface Wallet {
  readonly walletId: Id;
  readonly heldId: Id;
  /** What may be spent. */
  readonly balanceMinor: number;
  /** What is set aside for orders under way. */
  readonly heldMinor: number;
}

/** The customer's two accounts; null before they were opened. */
export async function findWallet(tx: Query, owner: Owner): Promise<Wallet | null> {
  const rows = await tx<{ id: Id; kind: string; balance_minor: number }>`
    select id, kind, balance_minor from accounts
    where user_id = ${owner.userId} and currency = ${owner.currency} and kind in ('wallet', 'held')`;
  const wallet = rows.find((row) => row.kind === "wallet");
  const held = rows.find((row) => row.kind === "held");
  if (!wallet || !held) return null;
  return {
    walletId: wallet.id,
    heldId: held.id,
    balanceMinor: wallet.balance_minor,
    heldMinor: held.balance_minor,
  };
}

/** The customer's two accounts, opened now if need be: money may move before the news of a registration arrives. */
export async function openWallet(tx: Tx, owner: Owner, source: Source): Promise<Wallet> {
  const known = await findWallet(tx, owner);
  if (known) return known;
  await tx`
    insert into accounts (id, kind, user_id, currency) values
      (${source.id()}, 'wallet', ${owner.userId}, ${owner.currency}),
      (${source.id()}, 'held', ${owner.userId}, ${owner.currency})
    on conflict (kind, user_id, currency) do nothing`;
  const opened = await findWallet(tx, owner);
  if (!opened) throw new Error("a wallet was opened and is not there");
  return opened;
}

export interface SystemAccount {
  readonly kind: "revenue" | "funding";
  readonly currency: string;
}

/** Null before it was opened. */
export async function findSystemAccount(tx: Query, account: SystemAccount): Promise<Id | null> {
  const [known] = await tx<{ id: Id }>`
    select id from accounts where kind = ${account.kind} and currency = ${account.currency}`;
  return known?.id ?? null;
}

/** The operator's own account: `revenue` is what was earned, `funding` is what was paid in (its balance is negative). */
export async function systemAccount(tx: Tx, account: SystemAccount, source: Source): Promise<Id> {
  const known = await findSystemAccount(tx, account);
  if (known) return known;
  await tx`
    insert into accounts (id, kind, currency) values (${source.id()}, ${account.kind}, ${account.currency})
    on conflict (kind, user_id, currency) do nothing`;
  const opened = await findSystemAccount(tx, account);
  if (!opened) throw new Error("an account was opened and is not there");
  return opened;
}
