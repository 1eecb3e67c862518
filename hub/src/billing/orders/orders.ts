import type { DeviceSpec } from "@cloudphone/shared/device";
import type { Id } from "@cloudphone/shared/ids";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { Plan, Terms } from "../plans/plans.ts";

export type OrderState = "pending" | "paid" | "cancelled" | "ended";

export interface Order extends Terms {
  readonly id: Id;
  readonly userId: Id;
  readonly planId: Id;
  readonly planName: string;
  readonly state: OrderState;
  /** Why it was cancelled or how it ended, for its customer. */
  readonly reason: string | null;
  readonly deviceId: Id | null;
  /** Running time that was rated so far, and what it cost beyond the plan's price. */
  readonly usedMs: number;
  readonly usageMinor: number;
  /** 1 after the purchase, one more with each renewal; and what the renewals cost together. */
  readonly period: number;
  readonly renewalsMinor: number;
  readonly periodIncludedMs: number;
  readonly expiresAt: string | null;
  readonly autoRenew: boolean;
  /** What was given back of price, renewals and usage. */
  readonly refundedMinor: number;
  readonly createdAt: string;
  readonly paidAt: string | null;
  readonly cancelledAt: string | null;
  readonly endedAt: string | null;
}

interface OrderRow {
  id: Id;
  user_id: Id;
  plan_id: Id;
  plan_name: string;
  state: OrderState;
  reason: string | null;
  currency: string;
  price_minor: number;
  included_ms: number;
  hourly_minor: number;
  lease_ms: number | null;
  spec: DeviceSpec;
  labels: Record<string, string>;
  device_id: Id | null;
  used_ms: number;
  usage_minor: number;
  refunded_minor: number;
  period: number;
  renewals_minor: number;
  period_included_ms: number;
  expires_at: Date | null;
  auto_renew: boolean;
  created_at: Date;
  paid_at: Date | null;
  cancelled_at: Date | null;
  released_at: Date | null;
  ended_at: Date | null;
}

const toOrder = (row: OrderRow): Order => ({
  id: row.id,
  userId: row.user_id,
  planId: row.plan_id,
  planName: row.plan_name,
  state: row.state,
  reason: row.reason,
  currency: row.currency,
  priceMinor: row.price_minor,
  includedMs: row.included_ms,
  hourlyMinor: row.hourly_minor,
  leaseMs: row.lease_ms,
  spec: row.spec,
  labels: row.labels,
  deviceId: row.device_id,
  usedMs: row.used_ms,
  usageMinor: row.usage_minor,
  refundedMinor: row.refunded_minor,
  period: row.period,
  renewalsMinor: row.renewals_minor,
  periodIncludedMs: row.period_included_ms,
  expiresAt: row.expires_at?.toISOString() ?? null,
  autoRenew: row.auto_renew,
  createdAt: row.created_at.toISOString(),
  paidAt: row.paid_at?.toISOString() ?? null,
  cancelledAt: row.cancelled_at?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
});

export async function insertOrder(
  tx: Tx,
  { id, userId, plan }: { id: Id; userId: Id; plan: Plan },
): Promise<void> {
  await tx`
    insert into orders (id, user_id, plan_id, plan_name, currency, price_minor, included_ms, period_included_ms, hourly_minor, lease_ms, spec, labels)
    values (${id}, ${userId}, ${plan.id}, ${plan.name}, ${plan.currency}, ${plan.priceMinor}, ${plan.includedMs}, ${plan.includedMs},
      ${plan.hourlyMinor}, ${plan.leaseMs}, ${tx.json(plan.spec)}, ${tx.json(plan.labels)})`;
}

export async function findOrder(query: Query, id: Id): Promise<Order | null> {
  const [row] = await query<OrderRow>`select * from orders where id = ${id}`;
  return row ? toOrder(row) : null;
}

/** The order, nobody else's to change until this transaction ends; null when there is none. */
export async function lockOrder(tx: Tx, id: Id): Promise<Order | null> {
  const [row] = await tx<OrderRow>`select * from orders where id = ${id} for update`;
  return row ? toOrder(row) : null;
}

export interface OrderFilter {
  /** Null: everyone's. */
  readonly userId: Id | null;
  readonly state: OrderState | null;
  /** Only those that came before this one. */
  readonly before: Id | null;
  readonly limit: number;
}

/** Newest first. */
export async function listOrders(query: Query, filter: OrderFilter): Promise<Order[]> {
  const { userId, state, before, limit } = filter;
  const rows = await query<OrderRow>`
    select * from orders where (${userId}::uuid is null or user_id = ${userId})
      and (${state}::text is null or state = ${state})
      and (${before}::uuid is null or (created_at, id) < (select created_at, id from orders where id = ${before}))
    order by created_at desc, id desc limit ${limit}`;
  return rows.map(toOrder);
}

export async function markAllocated(tx: Tx, id: Id, deviceId: Id): Promise<void> {
  await tx`update orders set device_id = ${deviceId} where id = ${id}`;
}

/** When the lease ends by itself. */
export async function markExpiry(tx: Tx, id: Id, expiresAt: string | null): Promise<void> {
  await tx`update orders set expires_at = ${expiresAt}::timestamptz where id = ${id}`;
}

export async function markPaid(
  tx: Tx,
  id: Id,
  deviceId: Id,
): Promise<{ released: boolean } | null> {
  const [row] = await tx<{ released: boolean }>`
    update orders set state = 'paid', device_id = coalesce(device_id, ${deviceId}), paid_at = clock_timestamp()
    where id = ${id} and state = 'pending' returning released_at is not null as released`;
  return row ?? null;
}

export async function markCancelled(tx: Tx, id: Id, reason: string): Promise<void> {
  await tx`update orders set state = 'cancelled', reason = ${reason}, cancelled_at = clock_timestamp()
    where id = ${id} and state = 'pending'`;
}

/** The phone is no longer the customer's, whatever state the order is in. */
export async function markReleased(tx: Tx, id: Id): Promise<void> {
  await tx`update orders set released_at = coalesce(released_at, clock_timestamp()) where id = ${id}`;
}

/** False when it was not a paid order: ended before, or never paid. */
export async function markEnded(tx: Tx, id: Id, reason: string): Promise<boolean> {
  const rows =
    await tx`update orders set state = 'ended', reason = ${reason}, ended_at = clock_timestamp()
    where id = ${id} and state = 'paid' returning id`;
  return rows.count > 0;
}

/** Adds a rated stretch to what the order's runs add up to. */
export async function addUsage(
  tx: Tx,
  id: Id,
  stretch: { durationMs: number; amountMinor: number },
): Promise<void> {
  await tx`update orders set used_ms = used_ms + ${stretch.durationMs}, usage_minor = usage_minor + ${stretch.amountMinor}
    where id = ${id}`;
}
