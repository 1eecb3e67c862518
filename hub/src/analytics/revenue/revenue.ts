import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Query } from "../../platform/postgres/database.ts";
import { dayOf, type Days } from "../days.ts";

interface Money {
  readonly at: string;
  readonly userId: Id;
  readonly planId: Id;
  readonly currency: string;
  readonly price?: number;
  readonly renewal?: number;
  readonly usage?: number;
  readonly refund?: number;
}

/** What was earned, by the day the log heard of it, the plan and the customer. */
export const revenue: Consumer = {
  name: "analytics.revenue",
  tables: ["sold_orders", "revenue_per_day"],
  on: {
    "order.created": async ({ data }, { tx }) => {
      await tx`insert into sold_orders (order_id, user_id, plan_id)
        values (${data.orderId}, ${data.userId}, ${data.planId}) on conflict do nothing`;
    },
    "order.paid": (event, context) => ofOrder(event, context, { price: event.data.amountMinor }),
    "order.renewed": (event, context) =>
      ofOrder(event, context, { renewal: event.data.amountMinor }),
    "payment.refunded": (event, context) =>
      ofOrder(event, context, { refund: event.data.amountMinor }),
    "usage.rated": ({ data, recordedAt }, { tx }) => {
      const { userId, planId, currency, amountMinor } = data;
      return add(tx, { at: recordedAt, userId, planId, currency, usage: amountMinor });
    },
  },
};

async function ofOrder(
  { recordedAt, data }: { recordedAt: string; data: { orderId: Id; currency: string } },
  { tx }: HandlerContext,
  money: Pick<Money, "price" | "renewal" | "refund">,
): Promise<void> {
  const [order] = await tx<{ userId: Id; planId: Id }>`
    select user_id as "userId", plan_id as "planId" from sold_orders where order_id = ${data.orderId}`;
  if (!order) throw new Error(`money of order ${data.orderId}, of which nothing is known`);
  await add(tx, { at: recordedAt, currency: data.currency, ...order, ...money });
}

async function add(tx: Query, money: Money): Promise<void> {
  const { at, userId, planId, currency, price = 0, renewal = 0, usage = 0, refund = 0 } = money;
  if (price === 0 && renewal === 0 && usage === 0 && refund === 0) return;
  await tx`
    insert into revenue_per_day as r (day, user_id, plan_id, currency, price_minor, renewal_minor, usage_minor, refund_minor)
    values (${dayOf(at)}::date, ${userId}, ${planId}, ${currency}, ${price}, ${renewal}, ${usage}, ${refund})
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
