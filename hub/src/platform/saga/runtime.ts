import type { EventDraft, EventType, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Consumer, Decision, Handlers, Saga, SagaInput } from "../context.ts";
import { crashPoint } from "../crash-point.ts";
import { emit } from "../log/outbox.ts";
import { Wakeable } from "../log/wakeable.ts";
import type { Database, Tx } from "../postgres/database.ts";

export interface SagaRow {
  id: Id;
  state: unknown;
  status: string;
  correlation_id: Id;
}

/** The consumer that feeds a saga: each event is one step, stored with its emissions in the cursor's transaction. */
export function sagaConsumer(context: string, saga: Saga): Consumer {
  const handle: NonNullable<Handlers[EventType]> = async (
    event: RecordedEvent,
    { tx, source }: { tx: Tx; source: Source },
  ) => {
    const id = saga.route(event);
    if (id === null) return;
    const row = await lockSaga(tx, saga.name, id);
    if (!row && event.type !== saga.starts) return;
    const decision = saga.decide(row?.state ?? null, { kind: "event", event });
    if (!decision) return;
    const cause = { correlationId: event.correlationId, causationId: event.id };
    if (!row)
      await insertSaga(tx, { saga: saga.name, id, decision, correlationId: event.correlationId });
    await storeStep(tx, { saga: saga.name, id, decision, input: { kind: "event", event } });
    await emit(tx, emissionsOf(saga, id, decision), { cause, source });
    crashPoint("hub.saga.before-commit");
  };
  const on = Object.fromEntries(saga.on.map((type) => [type, handle])) as Handlers;
  // A saga hears of several subjects, and its story has one order.
  return { name: `${context}.saga.${saga.name}`, on, orderBy: (event) => saga.route(event) };
}

export interface SweeperDeps {
  readonly database: Database;
  readonly source: Source;
  readonly logger: Logger;
  readonly onCommitted: () => void;
  /** Whether it is this hub that looks now; left out: always. Two that look at once take each deadline once. */
  readonly mine?: () => boolean;
}

/** Gives each saga whose deadline has passed, by the database's clock, its `deadline` input. Rows of a saga that is no more, or not yet, wait. */
export function sagaSweeper(sagas: readonly Saga[], deps: SweeperDeps): Wakeable {
  const byName = new Map(sagas.map((saga) => [saga.name, saga]));
  return new Wakeable(
    async () => {
      if (deps.mine?.() === false) return false;
      const due = await deps.database.query<{ name: string; id: Id }>`
        select name, id from sagas
        where deadline_at <= clock_timestamp() and name = any(${[...byName.keys()]})
        order by deadline_at limit 50`;
      for (const { name, id } of due) {
        const saga = byName.get(name);
        if (saga) await expire(saga, id, deps);
      }
      if (due.length > 0) deps.onCommitted();
      return due.length === 50;
    },
    {
      idleMs: 250,
      logger: deps.logger,
      failing: "saga deadlines can't be checked; retrying",
    },
  );
}

function expire(saga: Saga, id: Id, { database, source, logger }: SweeperDeps): Promise<void> {
  return database.transaction(async (tx) => {
    const [row] = await tx<SagaRow>`select id, state, status, correlation_id from sagas
      where name = ${saga.name} and id = ${id} and deadline_at <= clock_timestamp() for update skip locked`;
    if (!row) return;
    const decision = decideDeadline(saga, row, logger);
    if (!decision) {
      await tx`update sagas set deadline_at = null where name = ${saga.name} and id = ${id}`;
      return;
    }
    await storeStep(tx, { saga: saga.name, id, decision, input: { kind: "deadline" } });
    const cause = { correlationId: row.correlation_id, causationId: null };
    await emit(tx, emissionsOf(saga, id, decision), { cause, source });
  });
}

/** What a step says; and, when it comes to a stand there, that it is an operator's. */
export const emissionsOf = (
  { name: saga }: Saga,
  sagaId: Id,
  { emit: drafts, status, note }: Decision<unknown>,
): readonly EventDraft[] =>
  status === "needs_operator"
    ? [...drafts, { type: "saga.stalled", subject: sagaId, data: { sagaId, saga, note } }]
    : drafts;

/** A saga that can't even decide what a deadline means is an operator's, not a loop's. */
function decideDeadline(saga: Saga, row: SagaRow, logger: Logger): Decision<unknown> | null {
  try {
    return saga.decide(row.state, { kind: "deadline" });
  } catch (error) {
    logger.error({ err: error, saga: saga.name, sagaId: row.id }, "a saga failed at its deadline");
    return {
      state: row.state,
      status: "needs_operator",
      phase: "failed",
      emit: [],
      deadlineMs: null,
      note: error instanceof Error ? error.message : String(error),
    };
  }
}

export async function lockSaga(tx: Tx, name: string, id: Id): Promise<SagaRow | undefined> {
  const [row] = await tx<SagaRow>`
    select id, state, status, correlation_id from sagas where name = ${name} and id = ${id} for update`;
  return row;
}

async function insertSaga(
  tx: Tx,
  row: { saga: string; id: Id; decision: Decision<unknown>; correlationId: Id },
): Promise<void> {
  await tx`insert into sagas (id, name, status, phase, state, correlation_id)
    values (${row.id}, ${row.saga}, 'running', ${row.decision.phase}, '{}'::jsonb, ${row.correlationId})`;
}

const nameOf = (input: SagaInput): string => {
  if (input.kind === "event") return input.event.type;
  return input.kind === "operator" ? input.wish : "deadline";
};

export async function storeStep(
  tx: Tx,
  step: { saga: string; id: Id; decision: Decision<unknown>; input: SagaInput },
): Promise<void> {
  const { saga, id, decision, input } = step;
  const name = nameOf(input);
  const position = input.kind === "event" ? input.event.position : null;
  await tx`
    update sagas set state = ${tx.json(decision.state)}, status = ${decision.status}, phase = ${decision.phase},
      updated_at = clock_timestamp(),
      deadline_at = case when ${decision.deadlineMs}::bigint is null then null
        else clock_timestamp() + ${decision.deadlineMs}::bigint * interval '1 millisecond' end
    where name = ${saga} and id = ${id}`;
  await tx`
    insert into saga_steps (name, saga_id, step, input, input_position, phase, status, note, emitted)
    select ${saga}, ${id}, coalesce(max(step), 0) + 1, ${name}, ${position}::bigint, ${decision.phase}, ${decision.status},
      ${decision.note}, ${decision.emit.map((draft) => draft.type)}::text[]
    from saga_steps where name = ${saga} and saga_id = ${id}`;
}
