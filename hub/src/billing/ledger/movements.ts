import type { Id, Source } from "@cloudphone/shared/ids";
import type { Tx } from "../../platform/postgres/database.ts";
import {
  findSystemAccount,
  findWallet,
  lockLedger,
  openWallet,
  type Owner,
  post,
  systemAccount,
  type TransactionKind,
  type Wallet,
} from "./ledger.ts";

/** What moves money: who and how much (positive minor units), and for which thing. */
export interface Movement extends Owner {
  readonly amountMinor: number;
  /** The order's or the run's id, or the request's key: with the kind, it names the posting once. */
  readonly of: string;
  readonly memo: string;
  readonly correlationId: Id | null;
}

/** The ledger, locked, and the accounts that a movement is between: sent together, for others wait. */
async function locked(
  tx: Tx,
  owner: Owner,
  { system, source }: { system: "revenue" | "funding"; source: Source },
): Promise<Wallet & { system: Id }> {
  const [, wallet, account] = await Promise.all([
    lockLedger(tx),
    openWallet(tx, owner, source),
    systemAccount(tx, { kind: system, currency: owner.currency }, source),
  ]);
  return { ...wallet, system: account };
}

export interface TopUp {
  /** False: it was posted before. */
  readonly posted: boolean;
  /** What the wallet holds now. */
  readonly balanceMinor: number;
}

/**
 * Money that came in from outside: funding → wallet. Accounts are there for good and nothing is asked of a balance, so both are looked up before the ledger is locked, and
 * what is done under the lock is one round trip.
 */
export async function topUp(tx: Tx, movement: Movement, source: Source): Promise<TopUp> {
  const [wallet, account] = await Promise.all([
    findWallet(tx, movement),
    findSystemAccount(tx, { kind: "funding", currency: movement.currency }),
  ]);
  const { walletId, system: funding } =
    wallet && account
      ? { ...wallet, system: account }
      : await locked(tx, movement, { system: "funding", source });
  const [, posted, after] = await Promise.all([
    lockLedger(tx),
    move(tx, { kind: "topup", from: funding, to: walletId, ...movement }, source),
    findWallet(tx, movement),
  ]);
  return { posted, balanceMinor: after?.balanceMinor ?? 0 };
}

export type HoldOutcome =
  | { readonly outcome: "held" }
  | { readonly outcome: "short"; readonly balanceMinor: number };

/** Sets money aside: wallet → held. Refused when the wallet holds less; the only movement that can be. */
export async function hold(tx: Tx, movement: Movement, source: Source): Promise<HoldOutcome> {
  await lockLedger(tx);
  const { walletId, heldId, balanceMinor } = await openWallet(tx, movement, source);
  if (balanceMinor < movement.amountMinor) return { outcome: "short", balanceMinor };
  await move(tx, { kind: "hold", from: walletId, to: heldId, ...movement }, source);
  return { outcome: "held" };
}

/** Takes what was set aside: held → revenue. */
export async function capture(tx: Tx, movement: Movement, source: Source): Promise<void> {
  const { heldId, system: revenue } = await locked(tx, movement, { system: "revenue", source });
  await move(tx, { kind: "capture", from: heldId, to: revenue, ...movement }, source);
}

/** Gives back what was set aside: held → wallet. */
export async function voidHold(tx: Tx, movement: Movement, source: Source): Promise<void> {
  await lockLedger(tx);
  const { walletId, heldId } = await openWallet(tx, movement, source);
  await move(tx, { kind: "void", from: heldId, to: walletId, ...movement }, source);
}

/** Charges for time that was used: wallet → revenue, below zero if need be, because the phone did run. */
export async function chargeUsage(tx: Tx, movement: Movement, source: Source): Promise<void> {
  const { walletId, system: revenue } = await locked(tx, movement, { system: "revenue", source });
  await move(tx, { kind: "usage", from: walletId, to: revenue, ...movement }, source);
}

/** Takes the price of another period: wallet → revenue. The caller has looked at the balance under the ledger's lock. */
export async function payRenewal(tx: Tx, movement: Movement, source: Source): Promise<void> {
  const { walletId, system: revenue } = await locked(tx, movement, { system: "revenue", source });
  await move(tx, { kind: "renewal", from: walletId, to: revenue, ...movement }, source);
}

/** Gives back what was earned: revenue → wallet. */
export async function refund(tx: Tx, movement: Movement, source: Source): Promise<void> {
  const { walletId, system: revenue } = await locked(tx, movement, { system: "revenue", source });
  await move(tx, { kind: "refund", from: revenue, to: walletId, ...movement }, source);
}

interface Move extends Movement {
  readonly kind: TransactionKind;
  readonly from: Id;
  readonly to: Id;
}

/** Nothing is posted for an amount of zero: such an entry would say nothing. */
async function move(tx: Tx, movement: Move, source: Source): Promise<boolean> {
  const { kind, from, to, amountMinor, of, memo, correlationId } = movement;
  if (amountMinor === 0) return false;
  const entries = [
    { accountId: from, amountMinor: -amountMinor },
    { accountId: to, amountMinor },
  ];
  return post(tx, { kind, reference: `${kind}:${of}`, memo, correlationId, entries }, source);
}
