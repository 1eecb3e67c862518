import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { projection } from "../../platform/projections/projection.ts";
import type { Days } from "../days.ts";

type Outcome = "completed" | "compensated" | "stalled";

interface Run {
  readonly saga: string;
  readonly saga_id: Id;
  readonly began_at: string;
  took_ms: number | null;
  outcome: Outcome | null;
}

type SagaEvent = RecordedEvent<
  | "order.created"
  | "order.paid"
  | "order.cancelled"
  | "app.batch.requested"
  | "app.batch.completed"
  | "saga.stalled"
>;

/** Each saga from the event that began it to the one that ended it, by the log's clock. One that came to a stand may still end. */
export const sagaOutcomes = projection({
  name: "analytics.saga-outcomes",
  tables: ["saga_runs"],
  of: [
    "order.created",
    "order.paid",
    "order.cancelled",
    "app.batch.requested",
    "app.batch.completed",
    "saga.stalled",
  ],
  async fold(tx, events) {
    const told = events.map((event) => ({ ...meaningOf(event), recordedAt: event.recordedAt }));
    const known = await knownRuns(tx, told);
    const changed = new Map<string, Run>();
    for (const { saga, id, outcome, recordedAt } of told) {
      const key = keyOf(saga, id);
      const run = known.get(key);
      if (outcome === null) {
        if (run) continue;
        known.set(key, {
          ...{ saga, saga_id: id, began_at: recordedAt },
          ...{ took_ms: null, outcome: null },
        });
      } else {
        if (!run || (run.outcome !== null && run.outcome !== "stalled")) continue;
        run.outcome = outcome;
        run.took_ms = Date.parse(recordedAt) - Date.parse(run.began_at);
      }
      changed.set(key, known.get(key) as Run);
    }
    await store(tx, [...changed.values()]);
  },
});

interface Meaning {
  readonly saga: string;
  readonly id: Id;
  /** Null: it begins. */
  readonly outcome: Outcome | null;
}

const purchases = {
  "order.created": null,
  "order.paid": "completed",
  "order.cancelled": "compensated",
} as const;

function meaningOf({ type, data }: SagaEvent): Meaning {
  if (type === "saga.stalled") return { saga: data.saga, id: data.sagaId, outcome: "stalled" };
  if (type === "app.batch.requested")
    return { saga: "install-batch", id: data.batchId, outcome: null };
  if (type === "app.batch.completed")
    return { saga: "install-batch", id: data.batchId, outcome: "completed" };
  return { saga: "buy-plan", id: data.sagaId, outcome: purchases[type] };
}

const keyOf = (saga: string, id: Id): string => `${saga} ${id}`;

async function knownRuns(tx: Query, told: readonly Meaning[]): Promise<Map<string, Run>> {
  const rows = await tx<Omit<Run, "began_at"> & { began_at: Date }>`
    select * from saga_runs where saga_id = any(${told.map(({ id }) => id)}::uuid[]) order by saga, saga_id for update`;
  return new Map(
    rows.map((row) => [
      keyOf(row.saga, row.saga_id),
      { ...row, began_at: row.began_at.toISOString() },
    ]),
  );
}

async function store(tx: Query, runs: readonly Run[]): Promise<void> {
  if (runs.length === 0) return;
  await tx`
    insert into saga_runs (saga, saga_id, began_at, took_ms, outcome)
    select * from jsonb_to_recordset(${tx.json(runs)}) as r(
      saga text, saga_id uuid, began_at timestamptz, took_ms bigint, outcome text)
    on conflict (saga, saga_id) do update set took_ms = excluded.took_ms, outcome = excluded.outcome`;
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
