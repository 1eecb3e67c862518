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
  const begun: { id: Id; correlationId: Id }[] = [];
  const steps: (Step & { event: RecordedEvent })[] = [];
  for (const { id, event } of routed) {
    const known = states.has(id);
    if (!known && event.type !== saga.starts) continue;
    const input: SagaInput = { kind: "event", event };
    const decision = saga.decide(states.get(id) ?? null, input);
    if (!decision) continue;
    if (!known) begun.push({ id, correlationId: event.correlationId });
    // As the next step would read it.
    states.set(id, JSON.parse(JSON.stringify(decision.state)));
    steps.push({ id, decision, input, event });
  }
  if (steps.length === 0) return;
  if (begun.length > 0) await insertSagas(tx, saga.name, begun);
  await storeSteps(tx, saga.name, steps);
  const caused = steps.flatMap(({ id, decision, event }) =>
    emissionsOf(saga, id, decision).map((draft) => ({
      draft,
      cause: { correlationId: event.correlationId, causationId: event.id },
    })),
  );
  await emitCaused(tx, caused, source);
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
    await storeSteps(tx, saga.name, [{ id, decision, input: { kind: "deadline" } }]);
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

/** What they are the first step says. */
async function insertSagas(
  tx: Tx,
  name: string,
  begun: readonly { id: Id; correlationId: Id }[],
): Promise<void> {
  await tx`
    insert into sagas (id, name, status, phase, state, correlation_id)
    select id, ${name}, 'running', '', '{}'::jsonb, correlation_id
    from unnest(${begun.map(({ id }) => id)}::uuid[], ${begun.map((row) => row.correlationId)}::uuid[]) as b(id, correlation_id)`;
}

const nameOf = (input: SagaInput): string => {
  if (input.kind === "event") return input.event.type;
  return input.kind === "operator" ? input.wish : "deadline";
};

export interface Step {
  readonly id: Id;
  readonly decision: Decision<unknown>;
  readonly input: SagaInput;
}

/** In this order, several of one saga too: its row then is what the last of them makes of it. */
export async function storeSteps(tx: Tx, saga: string, steps: readonly Step[]): Promise<void> {
  const last = new Map(
    steps.map(({ id, decision: { state, status, phase, deadlineMs } }) => [
      id,
      { id, state, status, phase, deadlineMs },
    ]),
  );
  await tx`
    update sagas s set state = l.state, status = l.status, phase = l.phase, updated_at = clock_timestamp(),
      deadline_at = clock_timestamp() + l."deadlineMs" * interval '1 millisecond'
    from jsonb_to_recordset(${tx.json([...last.values()])}) as l(id uuid, state jsonb, status text, phase text, "deadlineMs" bigint)
    where s.name = ${saga} and s.id = l.id`;
  const rows = steps.map(
    ({ id, decision: { phase, status, note, emit: drafts }, input }, place) => ({
      ...{ id, place, phase, status, note },
      input: nameOf(input),
      position: input.kind === "event" ? input.event.position : null,
      emitted: drafts.map(({ type }) => type),
    }),
  );
  await tx`
    insert into saga_steps (name, saga_id, step, input, input_position, phase, status, note, emitted)
    select ${saga}, n.id,
      (select coalesce(max(step), 0) from saga_steps k where k.name = ${saga} and k.saga_id = n.id)
        + row_number() over (partition by n.id order by n.place),
      n.input, n.position, n.phase, n.status, n.note, array(select jsonb_array_elements_text(n.emitted))
    from jsonb_to_recordset(${tx.json(rows)})
      as n(id uuid, place int, input text, position bigint, phase text, status text, note text, emitted jsonb)`;
}
