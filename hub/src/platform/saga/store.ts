import type { Id } from "@cloudphone/shared/ids";
import type { Decision, SagaInput } from "../context.ts";
import type { Tx } from "../postgres/database.ts";

export interface SagaRow {
  id: Id;
  state: unknown;
  status: string;
  correlation_id: Id;
  /** How many it took; null: an earlier release began it, and its history says. */
  steps: number | null;
}

export async function lockSaga(tx: Tx, name: string, id: Id): Promise<SagaRow | undefined> {
  const [row] = await lockSagas(tx, name, [id]);
  return row;
}

/** Always in the same order, so that nobody who locks several waits for one who waits for him. */
export const lockSagas = (tx: Tx, name: string, ids: readonly Id[]) =>
  tx<SagaRow>`
    select id, state, status, correlation_id, steps from sagas where name = ${name} and id = any(${[...ids]}::uuid[])
    order by id for update`;

const nameOf = (input: SagaInput): string => {
  if (input.kind === "event") return input.event.type;
  return input.kind === "operator" ? input.wish : "deadline";
};

export interface Step {
  readonly id: Id;
  readonly decision: Decision<unknown>;
  readonly input: SagaInput;
}

export interface Stored {
  /** The saga's name. */
  readonly saga: string;
  /** Those that begin with these steps, and their correlations. */
  readonly begun?: ReadonlyMap<Id, Id>;
  /** The others, as they are locked. */
  readonly known: ReadonlyMap<Id, Pick<SagaRow, "steps">>;
}

/** In this order, several of one saga too: its row then is what the last of them makes of it, and is written once. */
export async function storeSteps(
  tx: Tx,
  { saga, begun = new Map(), known }: Stored,
  steps: readonly Step[],
): Promise<void> {
  const last = new Map<Id, LastStep>();
  const taken = new Map<Id, number>();
  const history = steps.map((step): NumberedStep => {
    const { id, decision } = step;
    const nth = (taken.get(id) ?? 0) + 1;
    taken.set(id, nth);
    last.set(id, { id, decision, took: nth });
    // Null: an earlier release began it, and did not count.
    const before = begun.has(id) ? 0 : (known.get(id)?.steps ?? null);
    return { ...step, nth, before };
  });
  const rows = [...last.values()];
  const fresh = rows.filter(({ id }) => begun.has(id));
  const older = rows.filter(({ id }) => !begun.has(id));
  await Promise.all([
    fresh.length > 0 && insertSagas(tx, { saga, begun }, fresh),
    older.length > 0 && updateSagas(tx, saga, older),
    insertSteps(tx, saga, history),
  ]);
}

/** What a saga's row becomes. */
interface LastStep extends Pick<Step, "id" | "decision"> {
  /** How many it takes now. */
  readonly took: number;
}

interface NumberedStep extends Step {
  /** 1 is the first of those that are stored now. */
  readonly nth: number;
  readonly before: number | null;
}

/** Column by column: to take a batch apart again costs PostgreSQL half of what it does as one JSON document. */
const columnsOf = (rows: readonly LastStep[]) => ({
  ids: rows.map(({ id }) => id),
  states: rows.map(({ decision }) => JSON.stringify(decision.state)),
  statuses: rows.map(({ decision }) => decision.status),
  phases: rows.map(({ decision }) => decision.phase),
  deadlinesMs: rows.map(({ decision }) => decision.deadlineMs),
  took: rows.map(({ took }) => took),
});

function insertSagas(
  tx: Tx,
  { saga, begun }: { saga: string; begun: ReadonlyMap<Id, Id> },
  rows: readonly LastStep[],
) {
  const { ids, states, statuses, phases, deadlinesMs, took } = columnsOf(rows);
  const correlations = ids.map((id) => begun.get(id) ?? id);
  return tx`
    insert into sagas (name, id, correlation_id, state, status, phase, steps, deadline_at, look_at)
    select ${saga}, l.id, l.correlation, l.state::jsonb, l.status, l.phase, l.took, d.deadline, d.deadline
    from unnest(${ids}::uuid[], ${correlations}::uuid[], ${states}::text[], ${statuses}::text[], ${phases}::text[],
      ${took}::int[], ${deadlinesMs}::bigint[]) as l(id, correlation, state, status, phase, took, ms)
    cross join lateral (select clock_timestamp() + l.ms * interval '1 millisecond' as deadline) d`;
}

/** An update that leaves what is indexed as it was stays on its page (HOT): so `look_at` stays, unless the deadline is before it. */
function updateSagas(tx: Tx, saga: string, rows: readonly LastStep[]) {
  const { ids, states, statuses, phases, deadlinesMs, took } = columnsOf(rows);
  return tx`
    update sagas s set state = l.state::jsonb, status = l.status, phase = l.phase, updated_at = clock_timestamp(),
      steps = s.steps + l.took, deadline_at = d.deadline,
      look_at = case when d.deadline is not null then least(s.look_at, d.deadline) end
    from unnest(${ids}::uuid[], ${states}::text[], ${statuses}::text[], ${phases}::text[], ${took}::int[], ${deadlinesMs}::bigint[])
      as l(id, state, status, phase, took, ms)
    cross join lateral (select clock_timestamp() + l.ms * interval '1 millisecond' as deadline) d
    where s.name = ${saga} and s.id = l.id`;
}

function insertSteps(tx: Tx, saga: string, steps: readonly NumberedStep[]) {
  const ids = steps.map(({ id }) => id);
  const inputs = steps.map(({ input }) => nameOf(input));
  const positions = steps.map(({ input }) =>
    input.kind === "event" ? input.event.position : null,
  );
  const phases = steps.map(({ decision }) => decision.phase);
  const statuses = steps.map(({ decision }) => decision.status);
  const notes = steps.map(({ decision }) => decision.note);
  // Types of events have no commas.
  const emitted = steps.map(({ decision }) => decision.emit.map(({ type }) => type).join(","));
  const before = steps.map((step) => step.before);
  const nth = steps.map((step) => step.nth);
  return tx`
    insert into saga_steps (name, saga_id, step, input, input_position, phase, status, note, emitted)
    select ${saga}, n.id,
      coalesce(n.before, (select coalesce(max(step), 0) from saga_steps k where k.name = ${saga} and k.saga_id = n.id)) + n.nth,
      n.input, n.position, n.phase, n.status, n.note, string_to_array(n.emitted, ',')
    from unnest(${ids}::uuid[], ${before}::int[], ${nth}::int[], ${inputs}::text[], ${positions}::bigint[], ${phases}::text[],
      ${statuses}::text[], ${notes}::text[], ${emitted}::text[])
      as n(id, before, nth, input, position, phase, status, note, emitted)`;
}
