import { Fault } from "@cloudphone/shared/fault";
import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import { type Caller, needs, requestCause } from "../../platform/http/trpc.ts";
import { lockLedger } from "../ledger/ledger.ts";
import type { BillingSettings } from "../settings.ts";
import { findOrder, lockOrder, type Order } from "./orders.ts";
import { listRefunds, refundOrder } from "./refunds.ts";
import { renewOrder } from "./renewals.ts";

const refundSchema = z.object({
  orderId: idSchema,
  /** Left out: all that was taken and not given back yet. */
  amountMinor: z.int().min(1).max(100_000_000).optional(),
  reason: z.string().trim().min(3).max(500),
});

/** What is done about an order that was paid: more time, and money back. */
export function afterPurchase({
  database,
  onCommitted,
}: Pick<BillingSettings, "database" | "onCommitted">) {
  return {
    /** Gives money back to the customer's wallet: all that is left of the order's, or a part of it. */
    refund: needs("orders.refund")
      .input(refundSchema.extend({ idempotencyKey: idSchema }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const call = { userId: ctx.caller.userId, key, operation: "orders.refund", input };
        const answer = await idempotent(database, call, (tx) => {
          const { amountMinor = null, ...wish } = input;
          const by = { by: ctx.caller.userId, cause: requestCause(ctx) };
          return refundOrder(tx, { ...wish, ...by, amountMinor }, ctx.source);
        });
        onCommitted();
        return answer;
      }),

    /** Pays for another period, whose time is added to what is left. */
    renew: needs("orders.write")
      .input(z.object({ orderId: idSchema, idempotencyKey: idSchema }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const call = { userId: ctx.caller.userId, key, operation: "orders.renew", input };
        const answer = await idempotent(database, call, async (tx) => {
          await lockLedger(tx);
          const order = visible(await lockOrder(tx, input.orderId), ctx.caller);
          const { source } = ctx;
          return renewOrder(tx, order, { cause: requestCause(ctx), source, nowMs: source.now() });
        });
        onCommitted();
        return answer;
      }),

    /** Whether it renews itself shortly before its end. */
    setAutoRenew: needs("orders.write")
      .input(z.object({ orderId: idSchema, on: z.boolean() }))
      .mutation(({ input, ctx }) =>
        database.transaction(async (tx) => {
          const order = visible(await lockOrder(tx, input.orderId), ctx.caller);
          if (input.on && order.leaseMs === null)
            throw new Fault("conflict", "This plan has no end; there is nothing to renew.");
          await tx`update orders set auto_renew = ${input.on} where id = ${order.id}`;
          return { orderId: order.id, autoRenew: input.on };
        }),
      ),

    /** What was given back of an order, oldest first. */
    refunds: needs("orders.read")
      .input(z.object({ orderId: idSchema }))
      .query(async ({ input, ctx }) => {
        const order = visible(await findOrder(database.query, input.orderId), ctx.caller);
        return listRefunds(database.query, order.id);
      }),
  };
}

/** The order, if the caller may see it; the one place where this is decided. */
export function visible(order: Order | null, caller: Caller): Order {
  if (!order || ![null, order.userId].includes(ownerSeenBy(caller)))
    throw new Fault(
      "not_found",
      "There is no order with that id; `cloudphone orders` lists yours.",
    );
  return order;
}
