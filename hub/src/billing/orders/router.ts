import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { Fault } from "@cloudphone/shared/fault";
import { type Id, idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import { idempotent } from "../../platform/http/idempotency.ts";
import { type Caller, needs, requestCause, type RequestContext } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { planOnSale, type Plan } from "../plans/plans.ts";
import type { BillingSettings } from "../settings.ts";
import { afterPurchase, visible } from "./after-purchase.ts";
import { findOrder, insertOrder, listOrders, lockOrder, markEnded, type Order } from "./orders.ts";

const listSchema = z
  .object({
    /** For staff: one customer's. Staff see everyone's without it, customers always their own. */
    userId: idSchema.optional(),
    state: z.enum(["pending", "paid", "cancelled", "ended"]).optional(),
    /** The last order of the page before. */
    before: idSchema.optional(),
    limit: z.int().min(1).max(500).default(50),
  })
  .default({ limit: 50 });

/** Buying a plan, watching what becomes of it, and giving the phone back. */
export function ordersRouter({ database, onCommitted }: BillingSettings) {
  return {
    ...afterPurchase({ database, onCommitted }),

    /** Takes the order; the purchase then goes its way and ends, within its deadlines, as paid or cancelled. */
    create: needs("orders.write")
      .input(z.object({ planId: idSchema, idempotencyKey: idSchema }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const call = { userId: ctx.caller.userId, key, operation: "orders.create", input };
        const answer = await idempotent(database, call, (tx) => createOrder(tx, input.planId, ctx));
        onCommitted();
        return answer;
      }),

    /** Newest first. */
    list: needs("orders.read")
      .input(listSchema)
      .query(({ input, ctx }) =>
        listOrders(database.query, {
          userId: ownerSeenBy(ctx.caller) ?? input.userId ?? null,
          state: input.state ?? null,
          before: input.before ?? null,
          limit: input.limit,
        }),
      ),

    show: needs("orders.read")
      .input(z.object({ orderId: idSchema }))
      .query(async ({ input, ctx }) => {
        return visible(await findOrder(database.query, input.orderId), ctx.caller);
      }),

    /** The phone goes back: the order ends at once, its lease as soon as the host hears of it; what ran until then is billed. */
    end: needs("orders.write")
      .input(z.object({ orderId: idSchema, idempotencyKey: idSchema }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const call = { userId: ctx.caller.userId, key, operation: "orders.end", input };
        const answer = await idempotent(database, call, (tx) => endOrder(tx, input.orderId, ctx));
        onCommitted();
        return answer;
      }),
  };
}

type Signed = RequestContext & { readonly caller: Caller };

async function createOrder(tx: Tx, planId: Id, ctx: Signed) {
  const { caller, source } = ctx;
  const plan = await planOnSale(tx, planId);
  const orderId = source.id();
  await insertOrder(tx, { id: orderId, userId: caller.userId, plan });
  const created = orderCreated(orderId, caller.userId, plan);
  await emit(tx, [created], { cause: requestCause(ctx), source });
  return { orderId, state: "pending" as const };
}

async function endOrder(tx: Tx, orderId: Id, ctx: Signed) {
  const { caller, source } = ctx;
  const order = visible(await lockOrder(tx, orderId), caller);
  refuseUnendable(order);
  const own = order.userId === caller.userId;
  const reason = own ? "The customer returned the phone." : "The operator took the phone back.";
  if (await markEnded(tx, orderId, reason))
    await emit(tx, orderEnded(order, reason), { cause: requestCause(ctx), source });
  return { orderId, state: "ended" as const };
}

/** An order that has ended may be ended again: that changes nothing. */
function refuseUnendable({ state }: Order): void {
  if (state === "pending")
    throw new Fault(
      "conflict",
      "The order is still being set up; try again once it is paid or cancelled.",
    );
  if (state === "cancelled")
    throw new Fault("conflict", "The order was cancelled; there is nothing to give back.");
}

function orderCreated(orderId: Id, userId: Id, plan: Plan): EventDraft {
  const { currency, spec, labels, leaseMs } = plan;
  return {
    type: "order.created",
    subject: orderId,
    data: {
      orderId,
      sagaId: orderId,
      userId,
      planId: plan.id,
      amountMinor: plan.priceMinor,
      currency,
      spec,
      labels,
      leaseMs,
    },
  };
}

function orderEnded({ id, userId }: Order, reason: string): EventDraft[] {
  return [
    {
      type: "order.ended",
      subject: id,
      data: { orderId: id, sagaId: id, userId, reason },
    },
    { type: "device.release.requested", subject: id, data: { orderId: id, reason } },
  ];
}
