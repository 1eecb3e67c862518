import type { EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Consumer, Decision, Saga, SagaInput } from "../context.ts";
import { crashPoint } from "../crash-point.ts";
import { folding } from "../log/handle-event.ts";
import { emit, emitCaused } from "../log/outbox.ts";
import { Wakeable } from "../log/wakeable.ts";
import type { Database, Tx } from "../postgres/database.ts";

export interface SagaRow {
  id: Id;
  state: unknown;
  status: string;
  correlation_id: Id;
}

/** The consumer that feeds a saga: each event is one step, stored with its emissions in the cursor's transaction; a batch of them takes as many statements as one. */
export function sagaConsumer(context: string, saga: Saga): Consumer {
  // A saga hears of several subjects, and its story has one order.
  return {
    name: `${context}.saga.${saga.name}`,
    ...folding(saga.on, (tx, events, source) => takeEvents(tx, { saga, source, events })),
    orderBy: (event) => saga.route(event),
  };
}

async function takeEvents(
  tx: Tx,
  { saga, source, events }: { saga: Saga; source: Source; events: readonly RecordedEvent[] },
): Promise<void> {
  const routed = events.flatMap((event) => {
    const id = saga.route(event);
    return id === null ? [] : [{ id, event }];
  });
  if (routed.length === 0) return;
  const ids = [...new Set(routed.map(({ id }) => id))];
  const states = new Map<Id, unknown>();
  for (const row of await lockSagas(tx, saga.name, ids)) states.set(row.id, row.state);
  const begun = new Map<Id, Id>();
  const steps: (Step & { event: RecordedEvent })[] = [];
  for (const { id, event } of routed) {
    const known = states.has(id);
    if (!known && event.type !== saga.starts) continue;
    const input: SagaInput = { kind: "event", event };
    const decision = saga.decide(states.get(id) ?? null, input);
    if (!decision) continue;
    if (!known) begun.set(id, event.correlationId);
    // As the next step would read it.
    states.set(id, JSON.parse(JSON.stringify(decision.state)));
    steps.push({ id, decision, input, event });
  }
  if (steps.length === 0) return;
  const caused = steps.flatMap(({ id, decision, event }) =>
    emissionsOf(saga, id, decision).map((draft) => ({
      draft,
      cause: { correlationId: event.correlationId, causationId: event.id },
    })),
  );
  // Sent one behind the other: while the database takes one, the next is written here.
  await Promise.all([
    storeSteps(tx, { saga: saga.name, begun }, steps),
    emitCaused(tx, caused, source),
  ]);
  crashPoint("hub.saga.before-commit");
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
    await storeSteps(tx, { saga: saga.name }, [{ id, decision, input: { kind: "deadline" } }]);
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
  const [row] = await lockSagas(tx, name, [id]);
  return row;
}

/** Always in the same order, so that nobody who locks several waits for one who waits for him. */
const lockSagas = (tx: Tx, name: string, ids: readonly Id[]) =>
  tx<SagaRow>`
    select id, state, status, correlation_id from sagas where name = ${name} and id = any(${[...ids]}::uuid[])
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
}

/** In this order, several of one saga too: its row then is what the last of them makes of it, and is written once. */
export async function storeSteps(
  tx: Tx,
  { saga, begun = new Map() }: Stored,
  steps: readonly Step[],
): Promise<void> {
  const last = new Map(
    steps.map(({ id, decision: { state, status, phase, deadlineMs } }) => [
      id,
      { id, correlationId: begun.get(id) ?? null, state, status, phase, deadlineMs },
    ]),
  );
  const rows = [...last.values()];
  const [fresh, known] = [
    rows.filter(({ id }) => begun.has(id)),
    rows.filter(({ id }) => !begun.has(id)),
  ];
  await Promise.all([
    fresh.length > 0 && insertSagas(tx, saga, fresh),
    known.length > 0 && updateSagas(tx, saga, known),
    insertSteps(tx, saga, steps),
  ]);
}

interface LastStep extends Pick<Decision<unknown>, "state" | "status" | "phase" | "deadlineMs"> {
  readonly id: Id;
  readonly correlationId: Id | null;
}

const insertSagas = (tx: Tx, saga: string, rows: readonly LastStep[]) => tx`
  insert into sagas (name, id, correlation_id, state, status, phase, deadline_at)
  select ${saga}, id, "correlationId", state, status, phase, clock_timestamp() + "deadlineMs" * interval '1 millisecond'
  from jsonb_to_recordset(${tx.json(rows)})
    as l(id uuid, "correlationId" uuid, state jsonb, status text, phase text, "deadlineMs" bigint)`;

const updateSagas = (tx: Tx, saga: string, rows: readonly LastStep[]) => tx`
  update sagas s set state = l.state, status = l.status, phase = l.phase, updated_at = clock_timestamp(),
    deadline_at = clock_timestamp() + l."deadlineMs" * interval '1 millisecond'
  from jsonb_to_recordset(${tx.json(rows)}) as l(id uuid, state jsonb, status text, phase text, "deadlineMs" bigint)
  where s.name = ${saga} and s.id = l.id`;

function insertSteps(tx: Tx, saga: string, steps: readonly Step[]) {
  const rows = steps.map(
    ({ id, decision: { phase, status, note, emit: drafts }, input }, place) => ({
      ...{ id, place, phase, status, note },
      input: nameOf(input),
      position: input.kind === "event" ? input.event.position : null,
      emitted: drafts.map(({ type }) => type),
    }),
  );
  return tx`
    insert into saga_steps (name, saga_id, step, input, input_position, phase, status, note, emitted)
    select ${saga}, n.id,
      (select coalesce(max(step), 0) from saga_steps k where k.name = ${saga} and k.saga_id = n.id)
        + row_number() over (partition by n.id order by n.place),
      n.input, n.position, n.phase, n.status, n.note, n.emitted
    from jsonb_to_recordset(${tx.json(rows)})
      as n(id uuid, place int, input text, position bigint, phase text, status text, note text, emitted text[])`;
}
