import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import type { OrderState } from "../orders/orders.ts";
import { rate } from "./rating.ts";

export interface OrderUsage {
  readonly orderId: Id;
  readonly userId: Id;
  readonly planName: string;
  readonly state: OrderState;
  readonly currency: string;
  readonly priceMinor: number;
  readonly includedMs: number;
  readonly hourlyMinor: number;
  /** Rated so far. */
  readonly usedMs: number;
  readonly usageMinor: number;
  /** Confirmed of runs that are still open, and what they would cost if they ended there. */
  readonly openMs: number;
  readonly openMinor: number;
}

const mostOrders = 500;

/** Newest order first; the newest 500 at most. */
export async function summariseUsage(
  query: Query,
  filter: { userId: Id | null; orderId: Id | null },
): Promise<OrderUsage[]> {
  const rows = await query<Omit<OrderUsage, "openMinor">>`
    select o.id as "orderId", o.user_id as "userId", o.plan_name as "planName", o.state, o.currency,
      o.price_minor as "priceMinor", o.included_ms as "includedMs", o.hourly_minor as "hourlyMinor",
      o.used_ms as "usedMs", o.usage_minor as "usageMinor",
      (select coalesce(sum(confirmed_ms), 0)::bigint from usage_records u
        where u.order_id = o.id and u.duration_ms is null) as "openMs"
    from orders o
    where (${filter.userId}::uuid is null or o.user_id = ${filter.userId})
      and (${filter.orderId}::uuid is null or o.id = ${filter.orderId})
    order by o.created_at desc, o.id desc limit ${mostOrders}`;
  return rows.map((row) => ({
    ...row,
    openMinor: rate(row, { usedMs: row.usedMs, durationMs: row.openMs }).amountMinor,
  }));
}
