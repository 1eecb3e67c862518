import type { Id } from "@cloudphone/shared/ids";
import type { SagaStatus } from "../context.ts";
import type { Database } from "../postgres/database.ts";

export interface SagaSummary {
  readonly id: Id;
  readonly name: string;
  readonly status: SagaStatus;
  readonly phase: string;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly deadlineAt: string | null;
}

export interface SagaStep {
  readonly step: number;
  readonly at: string;
  /** An event's type, "deadline", or what a person asked for: "retry", "compensate". */
  readonly input: string;
  readonly inputPosition: number | null;
  readonly phase: string;
  readonly status: SagaStatus;
  readonly note: string;
  readonly emitted: readonly string[];
}

interface SagaRow {
  id: Id;
  name: string;
  status: SagaStatus;
  phase: string;
  started_at: Date;
  updated_at: Date;
  deadline_at: Date | null;
}

const summary = (row: SagaRow): SagaSummary => ({
  id: row.id,
  name: row.name,
  status: row.status,
  phase: row.phase,
  startedAt: row.started_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  deadlineAt: row.deadline_at?.toISOString() ?? null,
});

export interface SagaPage {
  readonly status: SagaStatus | null;
  readonly name: string | null;
  /** Only those that began before that one, whichever context it is of. */
  readonly before: Id | null;
  readonly limit: number;
}

/** Newest first, by their ids, which are made in order of time (UUIDv7): a place in this order stays where it is while sagas go on. */
export async function listSagas(
  database: Database,
  { status, name, before, limit }: SagaPage,
): Promise<SagaSummary[]> {
  const rows = await database.query<SagaRow>`
    select * from sagas where (${status}::text is null or status = ${status})
      and (${name}::text is null or name = ${name}) and (${before}::uuid is null or id < ${before})
    order by id desc limit ${limit}`;
  return rows.map(summary);
}

/** One saga with every step it took and when; null when there is none such. */
export async function showSaga(
  database: Database,
  id: Id,
): Promise<(SagaSummary & { state: unknown; steps: SagaStep[] }) | null> {
  const [row] = await database.query<
    SagaRow & { state: unknown }
  >`select * from sagas where id = ${id}`;
  if (!row) return null;
  const steps = await database.query<{
    step: number;
    at: Date;
    input: string;
    input_position: number | null;
    phase: string;
    status: SagaStatus;
    note: string;
    emitted: string[];
  }>`select * from saga_steps where saga_id = ${id} and name = ${row.name} order by step`;
  return {
    ...summary(row),
    state: row.state,
    steps: steps.map(({ input_position, at, step, input, phase, status, note, emitted }) => ({
      step,
      at: at.toISOString(),
      input,
      inputPosition: input_position,
      phase,
      status,
      note,
      emitted,
    })),
  };
}
