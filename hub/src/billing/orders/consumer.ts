import type { Consumer, HandlerContext } from "../../platform/context.ts";
import { refundOrder } from "./refunds.ts";
import { lockLedger } from "../ledger/ledger.ts";
import { rateOrder } from "../usage/rating.ts";
import {
  findOrder,
  markAllocated,
  markCancelled,
  markEnded,
  markExpiry,
  markPaid,
  markReleased,
} from "./orders.ts";

/** Folds what became of orders into their rows. Runs that ended before their order was paid are rated here. */
export const ordersConsumer: Consumer = {
  name: "billing.orders",
  on: {
    "device.allocated": async ({ data }, { tx }) => {
      await lockLedger(tx);
      await markAllocated(tx, data.orderId, data.deviceId);
      await markExpiry(tx, data.orderId, data.expiresAt ?? null);
    },
    "device.lease.extended": async ({ data }, { tx }) => {
      await lockLedger(tx);
      await markExpiry(tx, data.orderId, data.expiresAt);
    },
    "device.lease.extend.failed": async ({ data, correlationId, id }, { tx, source }) => {
      const order = await findOrder(tx, data.orderId);
      if (!order || order.priceMinor === 0) return;
      const cause = { correlationId, causationId: id };
      const reason = "The phone's lease was over before it could be renewed.";
      const amountMinor = order.priceMinor;
      await refundOrder(tx, { orderId: order.id, amountMinor, reason, by: null, cause }, source);
    },
    "device.moved": async ({ data }, { tx }) => {
      await lockLedger(tx);
      await markAllocated(tx, data.orderId, data.deviceId);
    },
    "order.paid": async ({ data }, context) => {
      await lockLedger(context.tx);
      const paid = await markPaid(context.tx, data.orderId, data.deviceId);
      if (!paid) return;
      await rateOrder(data.orderId, context);
      if (paid.released) await end(data.orderId, "The lease was over.", context);
    },
    "order.cancelled": async ({ data }, { tx }) => {
      await lockLedger(tx);
      await markCancelled(tx, data.orderId, data.reason);
    },
    "device.released": async ({ data }, context) => {
      await lockLedger(context.tx);
      await markReleased(context.tx, data.lease.orderId);
      await end(data.lease.orderId, data.reason, context);
    },
  },
};

async function end(orderId: string, reason: string, { tx, emit }: HandlerContext): Promise<void> {
  if (!(await markEnded(tx, orderId, reason))) return;
  const order = await findOrder(tx, orderId);
  if (!order) return;
  await emit({
    type: "order.ended",
    subject: orderId,
    data: { orderId, sagaId: orderId, userId: order.userId, reason },
  });
}
