import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import { formatMinor } from "@cloudphone/shared/money";
import type { Cause, Timer } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { findWallet, lockLedger } from "../ledger/ledger.ts";
import { limitRefusal } from "../ledger/limits.ts";
import { payRenewal } from "../ledger/movements.ts";
import type { BillingSettings } from "../settings.ts";
import { lockOrder, type Order } from "./orders.ts";

/** Too late to renew: core must hear of it before the lease ends. */
const marginMs = 10_000;
const dayMs = 24 * 3_600_000;

/** How long before its end a lease of that length is warned of, and renews itself: a day and an hour, less for short ones. Pure. */
export const noticeMs = (leaseMs: number): { warnMs: number; renewMs: number } => ({
  warnMs: Math.min(dayMs, leaseMs / 5),
  renewMs: Math.min(3_600_000, leaseMs / 10),
});

/**
 * Takes the plan's price once more from the wallet and says that the lease is to last longer, in the caller's transaction. Time that was included and not used stays; what
 * was used beyond it and paid for does not count against the new period. Core extends the lease, or says that it was over: then the price goes back.
 */
export async function renewOrder(
  tx: Tx,
  order: Order,
  { cause, source, nowMs }: { cause: Cause; source: Source; nowMs: number },
): Promise<{ orderId: Id; period: number }> {
  const { id: orderId, userId, currency, priceMinor: amountMinor, leaseMs } = order;
  if (order.state !== "paid") throw new Fault("conflict", "Only a paid order is renewed.");
  if (leaseMs === null || order.expiresAt === null)
    throw new Fault("conflict", "This plan has no end; there is nothing to renew.");
  if (Date.parse(order.expiresAt) - nowMs < marginMs)
    throw new Fault("conflict", "The plan is over; buy it anew.");
  const refusal = (await balanceRefusal(tx, order)) ?? (await limitRefusal(tx, order, amountMinor));
  if (refusal !== null) throw new Fault("insufficient_balance", refusal);
  const period = order.period + 1;
  const movement = {
    ...{ userId, currency, amountMinor, of: `${orderId}:${period}` },
    memo: `Order ${orderId}, period ${period}`,
    correlationId: cause.correlationId,
  };
  await payRenewal(tx, movement, source);
  await tx`
    update orders set period = ${period}, renewals_minor = renewals_minor + ${amountMinor},
      included_ms = greatest(included_ms, used_ms) + period_included_ms where id = ${orderId}`;
  const data = { orderId, sagaId: orderId, userId, period, leaseMs, amountMinor, currency };
  await emit(tx, [{ type: "order.renewed", subject: orderId, data }], { cause, source });
  return { orderId, period };
}

async function balanceRefusal(tx: Tx, order: Order): Promise<string | null> {
  const { userId, currency, priceMinor } = order;
  const balanceMinor = (await findWallet(tx, { userId, currency }))?.balanceMinor ?? 0;
  if (balanceMinor >= priceMinor) return null;
  const [has, costs] = [balanceMinor, priceMinor].map((minor) => formatMinor(minor, currency));
  return `The balance is ${has} and the plan costs ${costs}; top up first.`;
}

/** Warns of ends to come and renews what renews itself; each order by itself, so that none holds up another. */
export function orderExpiry(settings: BillingSettings): Timer {
  return {
    name: "billing.orders.expiry",
    everyMs: 1000,
    async run() {
      const rows = await settings.database.query<{ id: Id }>`
        select id from orders where state = 'paid' and expires_at > clock_timestamp()
          and ((warned_of is distinct from expires_at
              and expires_at - clock_timestamp() < least(interval '1 day', lease_ms * interval '1 millisecond' / 5))
            or (auto_renew and expires_at - clock_timestamp() < least(interval '1 hour', lease_ms * interval '1 millisecond' / 10)))
        order by expires_at limit 200`;
      for (const { id } of rows) await look(settings, id);
    },
  };
}

function look({ database, source }: BillingSettings, orderId: Id): Promise<void> {
  return database.transaction(async (tx) => {
    await lockLedger(tx);
    const order = await lockOrder(tx, orderId);
    const [row] = await tx<{ now: Date; warned: boolean; failed: boolean }>`
      select clock_timestamp() as now, warned_of is not distinct from expires_at as warned,
        renewal_failed_of is not distinct from expires_at as failed from orders where id = ${orderId}`;
    if (!row || order?.state !== "paid" || order.expiresAt === null || order.leaseMs === null)
      return;
    const nowMs = row.now.getTime();
    const leftMs = Date.parse(order.expiresAt) - nowMs;
    const cause = { correlationId: source.id(), causationId: null };
    const { warnMs, renewMs } = noticeMs(order.leaseMs);
    if (!row.warned && leftMs < warnMs) await warn(tx, order, { cause, source });
    if (!order.autoRenew || leftMs >= renewMs || leftMs < marginMs) return;
    try {
      await renewOrder(tx, order, { cause, source, nowMs });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!row.failed) await sayFailed(tx, order, { cause, source, reason: error.message });
    }
  });
}

async function warn(
  tx: Tx,
  { id: orderId, userId, expiresAt, autoRenew, priceMinor, currency }: Order,
  context: { cause: Cause; source: Source },
): Promise<void> {
  await tx`update orders set warned_of = expires_at where id = ${orderId}`;
  const data = { orderId, sagaId: orderId, userId, expiresAt: expiresAt ?? "", autoRenew };
  const money = { amountMinor: priceMinor, currency };
  await emit(
    tx,
    [{ type: "order.expiring", subject: orderId, data: { ...data, ...money } }],
    context,
  );
}

async function sayFailed(
  tx: Tx,
  { id: orderId, userId }: Order,
  { reason, ...context }: { cause: Cause; source: Source; reason: string },
): Promise<void> {
  await tx`update orders set renewal_failed_of = expires_at where id = ${orderId}`;
  const data = { orderId, sagaId: orderId, userId, reason };
  await emit(tx, [{ type: "order.renewal.failed", subject: orderId, data }], context);
}
