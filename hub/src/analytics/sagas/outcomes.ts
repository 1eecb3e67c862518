import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Query } from "../../platform/postgres/database.ts";
import type { Days } from "../days.ts";

type Outcome = "completed" | "compensated" | "stalled";

/** Each saga from the event that began it to the one that ended it, by the log's clock. One that came to a stand may still end. */
export const sagaOutcomes: Consumer = {
  name: "analytics.saga-outcomes",
  tables: ["saga_runs"],
  on: {
    "order.created": (event, context) => begin(context, "buy-plan", event.data.sagaId, event),
    "order.paid": (event, context) =>
      end(context, { saga: "buy-plan", id: event.data.sagaId, outcome: "completed" }, event),
    "order.cancelled": (event, context) =>
      end(context, { saga: "buy-plan", id: event.data.sagaId, outcome: "compensated" }, event),
    "app.batch.requested": (event, context) =>
      begin(context, "install-batch", event.data.batchId, event),
    "app.batch.completed": (event, context) =>
      end(context, { saga: "install-batch", id: event.data.batchId, outcome: "completed" }, event),
    "saga.stalled": (event, context) =>
      end(context, { saga: event.data.saga, id: event.data.sagaId, outcome: "stalled" }, event),
  },
};

async function begin(
  { tx }: HandlerContext,
  ...[saga, id, { recordedAt }]: [string, Id, { recordedAt: string }]
): Promise<void> {
  await tx`insert into saga_runs (saga, saga_id, began_at) values (${saga}, ${id}, ${recordedAt}::timestamptz)
    on conflict do nothing`;
}

async function end(
  { tx }: HandlerContext,
  { saga, id, outcome }: { saga: string; id: Id; outcome: Outcome },
  { recordedAt }: { recordedAt: string },
): Promise<void> {
  await tx`
    update saga_runs set outcome = ${outcome},
      took_ms = round(extract(epoch from ${recordedAt}::timestamptz - began_at) * 1000)
    where saga = ${saga} and saga_id = ${id} and (outcome is null or outcome = 'stalled')`;
}

export interface SagaLine {
  readonly key: string;
  readonly saga: string;
  readonly began: number;
  readonly completed: number;
  readonly compensated: number;
  readonly stalled: number;
  readonly open: number;
  /** From its beginning to its completion. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** By the day they began, newest first. */
export async function listSagaOutcomes(
  query: Query,
  { from, to, limit }: Days & { limit: number },
): Promise<SagaLine[]> {
  return query<SagaLine>`
    select key, saga, count(*)::int as began, count(*) filter (where outcome = 'completed')::int as completed,
      count(*) filter (where outcome = 'compensated')::int as compensated,
      count(*) filter (where outcome = 'stalled')::int as stalled, count(*) filter (where outcome is null)::int as open,
      percentile_disc(0.5) within group (order by took_ms) filter (where outcome = 'completed') as "p50Ms",
      percentile_disc(0.95) within group (order by took_ms) filter (where outcome = 'completed') as "p95Ms"
    from (select *, to_char(began_at at time zone 'UTC', 'YYYY-MM-DD') as key from saga_runs
      where (${from}::date is null or began_at >= ${from}::date::timestamp at time zone 'UTC')
        and (${to}::date is null or began_at < (${to}::date + 1)::timestamp at time zone 'UTC')) s
    group by key, saga order by key desc, saga limit ${limit}`;
}
