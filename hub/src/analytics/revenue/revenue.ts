import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { projection } from "../../platform/projections/projection.ts";
import { dayOf, type Days } from "../days.ts";
import { Sums } from "../sums.ts";

type MoneyEvent = RecordedEvent<
  "order.created" | "order.paid" | "order.renewed" | "payment.refunded" | "usage.rated"
>;

interface Sold {
  readonly userId: Id;
  readonly planId: Id;
}

/** What was earned, by the day the log heard of it, the plan and the customer. */
export const revenue = projection({
  name: "analytics.revenue",
  tables: ["sold_orders", "revenue_per_day"],
  of: ["order.created", "order.paid", "order.renewed", "payment.refunded", "usage.rated"],
  async fold(tx, events) {
    const sold = await soldBefore(tx, events);
    const fresh: { order_id: Id; user_id: Id; plan_id: Id }[] = [];
    const sums = new Sums();
    for (const event of events) {
      if (event.type === "order.created") {
        const { orderId, userId, planId } = event.data;
        if (sold.has(orderId)) continue;
        sold.set(orderId, { userId, planId });
        fresh.push({ order_id: orderId, user_id: userId, plan_id: planId });
      } else earn(sums, event, event.type === "usage.rated" ? event.data : orderOf(event, sold));
    }
    if (fresh.length > 0)
      await tx`insert into sold_orders (order_id, user_id, plan_id)
        select * from jsonb_to_recordset(${tx.json(fresh)}) as s(order_id uuid, user_id uuid, plan_id uuid) on conflict do nothing`;
    await add(tx, sums.rows());
  },
});

/** The orders that money belongs to, as far as they were known before. */
async function soldBefore(tx: Query, events: readonly MoneyEvent[]): Promise<Map<Id, Sold>> {
  const orders = events.flatMap((event) =>
    event.type === "usage.rated" ? [] : [event.data.orderId],
  );
  if (orders.length === 0) return new Map();
  const rows = await tx<Sold & { id: Id }>`
    select order_id as id, user_id as "userId", plan_id as "planId" from sold_orders where order_id = any(${orders}::uuid[])`;
  return new Map(rows.map(({ id, userId, planId }) => [id, { userId, planId }]));
}

function orderOf({ data }: { data: { orderId: Id } }, sold: ReadonlyMap<Id, Sold>): Sold {
  const order = sold.get(data.orderId);
  if (!order) throw new Error(`money of order ${data.orderId}, of which nothing is known`);
  return order;
}

function earn(
  sums: Sums,
  { type, recordedAt, data }: Exclude<MoneyEvent, { type: "order.created" }>,
  { userId, planId }: Sold,
): void {
  const { amountMinor, currency } = data;
  if (amountMinor === 0) return;
  const of = (kind: MoneyEvent["type"]): number => (type === kind ? amountMinor : 0);
  sums.add(
    { day: dayOf(recordedAt), user_id: userId, plan_id: planId, currency },
    {
      price_minor: of("order.paid"),
      renewal_minor: of("order.renewed"),
      usage_minor: of("usage.rated"),
      refund_minor: of("payment.refunded"),
    },
  );
}

async function add(tx: Query, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  await tx`
    insert into revenue_per_day as r (day, user_id, plan_id, currency, price_minor, renewal_minor, usage_minor, refund_minor)
    select * from jsonb_to_recordset(${tx.json(rows)}) as s(day date, user_id uuid, plan_id uuid, currency text,
      price_minor bigint, renewal_minor bigint, usage_minor bigint, refund_minor bigint)
    on conflict (day, user_id, plan_id, currency) do update set
      price_minor = r.price_minor + excluded.price_minor, renewal_minor = r.renewal_minor + excluded.renewal_minor,
      usage_minor = r.usage_minor + excluded.usage_minor, refund_minor = r.refund_minor + excluded.refund_minor`;
}

export type RevenueBy = "day" | "plan" | "customer";

export interface RevenueLine {
  /** The day, or the plan's or the customer's id. */
  readonly key: string;
  readonly currency: string;
  readonly priceMinor: number;
  readonly renewalMinor: number;
  readonly usageMinor: number;
  readonly refundMinor: number;
  /** What is left of all that. */
  readonly netMinor: number;
}

/** Days newest first; plans and customers by what they brought. */
export async function listRevenue(
  query: Query,
  { by, from, to, limit }: Days & { by: RevenueBy; limit: number },
): Promise<RevenueLine[]> {
  return query<RevenueLine>`
    select key, currency, sum(price_minor)::bigint as "priceMinor", sum(renewal_minor)::bigint as "renewalMinor",
      sum(usage_minor)::bigint as "usageMinor", sum(refund_minor)::bigint as "refundMinor",
      sum(price_minor + renewal_minor + usage_minor - refund_minor)::bigint as "netMinor"
    from (
      select *, case ${by}::text when 'day' then to_char(day, 'YYYY-MM-DD') when 'plan' then plan_id::text else user_id::text end as key
      from revenue_per_day where (${from}::date is null or day >= ${from}) and (${to}::date is null or day <= ${to})
    ) r group by key, currency
    order by case when ${by}::text = 'day' then key end desc, "netMinor" desc, key, currency limit ${limit}`;
}
