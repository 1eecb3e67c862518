import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import { formatMinor } from "@cloudphone/shared/money";
import type { Cause } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import { lockLedger } from "../ledger/ledger.ts";
import { refund } from "../ledger/movements.ts";
import { lockOrder, type Order } from "./orders.ts";

export interface Refund {
  readonly refundId: Id;
  readonly orderId: Id;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: string;
  readonly at: string;
}

export interface RefundWish {
  readonly orderId: Id;
  /** Positive; null: all that is left. */
  readonly amountMinor: number | null;
  readonly reason: string;
  /** Null: the platform itself. */
  readonly by: Id | null;
  readonly cause: Cause;
}

/**
 * Gives money of an order back to its customer's wallet: a row, a balanced posting and the event, in the caller's transaction. Never more than was taken for the
 * order (price, renewals and usage) less what went back before; two at once wait for each other at the ledger's lock.
 */
export async function refundOrder(tx: Tx, wish: RefundWish, source: Source): Promise<Refund> {
  await lockLedger(tx);
  const order = await lockOrder(tx, wish.orderId);
  if (!order) throw new Fault("not_found", "There is no order with that id.");
  const leftMinor = refundableMinor(order);
  const amountMinor = wish.amountMinor ?? leftMinor;
  const refusal = refusalOf(order, { amountMinor, leftMinor });
  if (refusal !== null) throw new Fault("conflict", refusal);
  return post(tx, { order, wish, amountMinor }, source);
}

/** What may still be given back. Pure. */
export const refundableMinor = (order: Order): number =>
  order.paidAt === null
    ? 0
    : order.priceMinor + order.renewalsMinor + order.usageMinor - order.refundedMinor;

function refusalOf(
  { state, currency, refundedMinor }: Order,
  { amountMinor, leftMinor }: { amountMinor: number; leftMinor: number },
): string | null {
  if (state === "pending") return "The order is still being set up; nothing was taken for it yet.";
  if (state === "cancelled") return "The order was cancelled; nothing was taken for it.";
  if (leftMinor > 0 && amountMinor <= leftMinor) return null;
  const before =
    refundedMinor > 0 ? ` (${formatMinor(refundedMinor, currency)} went back before)` : "";
  if (leftMinor <= 0) return `Nothing of this order is left to give back${before}.`;
  return `At most ${formatMinor(leftMinor, currency)} of this order can be given back${before}.`;
}

async function post(
  tx: Tx,
  { order, wish, amountMinor }: { order: Order; wish: RefundWish; amountMinor: number },
  source: Source,
): Promise<Refund> {
  const { id: orderId, userId, currency } = order;
  const { reason, cause } = wish;
  const refundId = source.id();
  const [row] = await tx<{ at: Date }>`
    insert into refunds (id, order_id, user_id, amount_minor, currency, reason, by_user)
    values (${refundId}, ${orderId}, ${userId}, ${amountMinor}, ${currency}, ${reason}, ${wish.by}) returning created_at as at`;
  await tx`update orders set refunded_minor = refunded_minor + ${amountMinor} where id = ${orderId}`;
  const movement = {
    userId,
    currency,
    amountMinor,
    of: refundId,
    memo: `Refund of order ${orderId}: ${reason}`,
    correlationId: cause.correlationId,
  };
  await refund(tx, movement, source);
  const data = { orderId, sagaId: orderId, userId, refundId, amountMinor, currency, reason };
  await emit(tx, [{ type: "payment.refunded", subject: orderId, data }], { cause, source });
  return {
    refundId,
    orderId,
    amountMinor,
    currency,
    reason,
    at: (row?.at ?? new Date(0)).toISOString(),
  };
}

/** An order's refunds, oldest first. */
export async function listRefunds(query: Query, orderId: Id): Promise<Refund[]> {
  const rows = await query<Omit<Refund, "at"> & { at: Date }>`
    select id as "refundId", order_id as "orderId", amount_minor as "amountMinor", currency, reason, created_at as at
    from refunds where order_id = ${orderId} order by created_at, id limit 1000`;
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
