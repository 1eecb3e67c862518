import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { projection } from "../../platform/projections/projection.ts";
import { dayOf } from "../days.ts";
import { Sums } from "../sums.ts";

/** Adds each rated stretch to its day. Corrections are stretches too, so the sums stay true. */
export const usagePerDay = projection({
  name: "analytics.usage-per-day",
  tables: ["usage_per_day"],
  of: ["usage.rated"],
  async fold(tx, events) {
    const sums = new Sums();
    for (const { data } of events)
      sums.add(
        {
          day: dayOf(data.startedAt),
          user_id: data.userId,
          plan_id: data.planId,
          currency: data.currency,
        },
        {
          duration_ms: data.durationMs,
          included_ms: data.includedMs,
          amount_minor: data.amountMinor,
        },
      );
    await tx`
      insert into usage_per_day (day, user_id, plan_id, currency, duration_ms, included_ms, amount_minor)
      select * from jsonb_to_recordset(${tx.json(sums.rows())}) as s(
        day date, user_id uuid, plan_id uuid, currency text, duration_ms bigint, included_ms bigint, amount_minor bigint)
      on conflict (day, user_id, plan_id, currency) do update set
        duration_ms = usage_per_day.duration_ms + excluded.duration_ms,
        included_ms = usage_per_day.included_ms + excluded.included_ms,
        amount_minor = usage_per_day.amount_minor + excluded.amount_minor`;
  },
});

export interface UsageDay {
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  readonly currency: string;
  readonly durationMs: number;
  /** How much of it the plans' prices covered. */
  readonly includedMs: number;
  /** Charged beyond the plans' prices. */
  readonly amountMinor: number;
  /** Customers whose phones ran. */
  readonly users: number;
}

export interface UsageDayFilter {
  readonly userId: Id | null;
  readonly planId: Id | null;
  /** Both ends included, YYYY-MM-DD. */
  readonly from: string | null;
  readonly to: string | null;
  readonly limit: number;
}

export interface UsageLine {
  /** The plan's or the customer's id. */
  readonly key: string;
  readonly currency: string;
  readonly durationMs: number;
  readonly includedMs: number;
  readonly amountMinor: number;
}

/** Usage by plan or by customer, the most first. */
export async function listUsageBy(
  query: Query,
  {
    by,
    from,
    to,
    limit,
  }: { by: "plan" | "customer"; from: string | null; to: string | null; limit: number },
): Promise<UsageLine[]> {
  return query<UsageLine>`
    select key, currency, sum(duration_ms)::bigint as "durationMs", sum(included_ms)::bigint as "includedMs",
      sum(amount_minor)::bigint as "amountMinor"
    from (select *, case ${by}::text when 'plan' then plan_id::text else user_id::text end as key from usage_per_day
      where (${from}::date is null or day >= ${from}) and (${to}::date is null or day <= ${to})) u
    group by key, currency order by "durationMs" desc, key, currency limit ${limit}`;
}

/** Newest first. */
export async function listUsagePerDay(query: Query, filter: UsageDayFilter): Promise<UsageDay[]> {
  const { userId, planId, from, to, limit } = filter;
  return query<UsageDay>`
    select to_char(day, 'YYYY-MM-DD') as day, currency, sum(duration_ms)::bigint as "durationMs",
      sum(included_ms)::bigint as "includedMs", sum(amount_minor)::bigint as "amountMinor", count(distinct user_id) as users
    from usage_per_day
    where (${userId}::uuid is null or user_id = ${userId}) and (${planId}::uuid is null or plan_id = ${planId})
      and (${from}::date is null or day >= ${from}) and (${to}::date is null or day <= ${to})
    group by usage_per_day.day, currency order by usage_per_day.day desc, currency limit ${limit}`;
}
