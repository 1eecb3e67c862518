import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import { formatMinor } from "@cloudphone/shared/money";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { findWallet, lockLedger } from "../ledger/ledger.ts";
import { limitRefusal } from "../ledger/limits.ts";
import { capture, hold, type Movement, voidHold } from "../ledger/movements.ts";

type PaymentState = "held" | "refused" | "captured" | "voided";

interface Payment {
  readonly userId: Id;
  readonly amountMinor: number;
  readonly currency: string;
  readonly state: PaymentState;
  readonly reason: string | null;
}

/**
 * Does what the purchase asks of the wallet, and says what came of it. An order has one payment row, whose state makes captured and voided exclude each other;
 * a request that comes twice gets the same answer twice. A payment of zero goes the same way, without a posting.
 */
export const paymentsConsumer: Consumer = {
  name: "billing.payments",
  on: {
    "payment.hold.requested": holdPayment,
    "payment.capture.requested": capturePayment,
    "payment.void.requested": voidPayment,
  },
};

async function holdPayment(
  { data, correlationId }: RecordedEvent<"payment.hold.requested">,
  context: HandlerContext,
): Promise<void> {
  const { orderId, sagaId, userId, amountMinor, currency } = data;
  const { tx, emit } = context;
  await lockLedger(tx);
  const known = await findPayment(tx, orderId);
  const refusal = known
    ? refusalOf(known)
    : ((await refuseWithoutBalance(tx, data)) ??
      (await limitRefusal(tx, data, amountMinor)) ??
      (await holdOrRefuse(context, movementOf(orderId, { ...data, correlationId }))));
  if (!known)
    await tx`insert into payments (order_id, user_id, amount_minor, currency, state, reason)
      values (${orderId}, ${userId}, ${amountMinor}, ${currency}, ${refusal === null ? "held" : "refused"}, ${refusal})`;
  if (refusal === null)
    await emit({
      type: "payment.held",
      subject: orderId,
      data: { orderId, sagaId, userId, amountMinor, currency },
    });
  else
    await emit({
      type: "payment.refused",
      subject: orderId,
      data: { orderId, sagaId, userId, reason: refusal },
    });
}

const refusalOf = (payment: Payment): string | null => {
  if (payment.state === "refused") return payment.reason ?? "The payment was refused.";
  return payment.state === "voided" ? "The order was cancelled." : null;
};

async function holdOrRefuse(
  { tx, source }: HandlerContext,
  movement: Movement,
): Promise<string | null> {
  const result = await hold(tx, movement, source);
  if (result.outcome === "held") return null;
  const balance = formatMinor(result.balanceMinor, movement.currency);
  const price = formatMinor(movement.amountMinor, movement.currency);
  return `The balance is ${balance} and the plan costs ${price}; top up first.`;
}

/** A plan without a price that bills by the hour is for people who can pay for the first minutes. */
async function refuseWithoutBalance(
  tx: Tx,
  { orderId, userId, currency }: RecordedEvent<"payment.hold.requested">["data"],
): Promise<string | null> {
  const [byTheHour] = await tx`
    select 1 as found from orders where id = ${orderId} and price_minor = 0 and hourly_minor > 0`;
  if (!byTheHour) return null;
  const wallet = await findWallet(tx, { userId, currency });
  const balanceMinor = wallet?.balanceMinor ?? 0;
  if (balanceMinor > 0) return null;
  return `The balance is ${formatMinor(balanceMinor, currency)}, and a plan paid by the hour needs some; top up first.`;
}

async function capturePayment(
  { data, correlationId }: RecordedEvent<"payment.capture.requested">,
  { tx, source, emit }: HandlerContext,
): Promise<void> {
  const { orderId, sagaId, userId } = data;
  await lockLedger(tx);
  const payment = await findPayment(tx, orderId);
  // Can't be by the purchase's rules; parked for an operator rather than passed over.
  if (payment?.state !== "held" && payment?.state !== "captured")
    throw new Error(`the payment of order ${orderId} is ${payment?.state ?? "missing"}, not held`);
  const { amountMinor, currency } = payment;
  if (payment.state === "held") {
    await capture(tx, movementOf(orderId, { ...payment, correlationId }), source);
    await settle(tx, orderId, "captured");
  }
  await emit({
    type: "payment.captured",
    subject: orderId,
    data: { orderId, sagaId, userId, amountMinor, currency },
  });
}

async function voidPayment(
  { data, correlationId }: RecordedEvent<"payment.void.requested">,
  { tx, source, emit }: HandlerContext,
): Promise<void> {
  const { orderId, sagaId, userId } = data;
  await lockLedger(tx);
  const payment = await findPayment(tx, orderId);
  if (!payment) {
    // A hold that still comes finds the door shut.
    await tx`insert into payments (order_id, user_id, amount_minor, currency, state, reason, settled_at)
      select id, user_id, price_minor, currency, 'refused', 'The order was cancelled.', clock_timestamp()
      from orders where id = ${orderId}`;
    return;
  }
  if (payment.state !== "held") return;
  const { amountMinor, currency } = payment;
  await voidHold(tx, movementOf(orderId, { ...payment, correlationId }), source);
  await settle(tx, orderId, "voided");
  await emit({
    type: "payment.voided",
    subject: orderId,
    data: { orderId, sagaId, userId, amountMinor, currency },
  });
}

async function findPayment(tx: Tx, orderId: Id): Promise<Payment | null> {
  const [row] = await tx<Payment>`
    select user_id as "userId", amount_minor as "amountMinor", currency, state, reason
    from payments where order_id = ${orderId} for update`;
  return row ?? null;
}

async function settle(tx: Tx, orderId: Id, state: PaymentState): Promise<void> {
  await tx`update payments set state = ${state}, settled_at = clock_timestamp() where order_id = ${orderId}`;
}

const movementOf = (
  orderId: Id,
  payment: { userId: Id; amountMinor: number; currency: string; correlationId: Id },
): Movement => ({
  userId: payment.userId,
  currency: payment.currency,
  amountMinor: payment.amountMinor,
  of: orderId,
  memo: `Order ${orderId}`,
  correlationId: payment.correlationId,
});
