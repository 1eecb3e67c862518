import type { EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Consumer, Decision, Saga, SagaInput } from "../context.ts";
import { crashPoint } from "../crash-point.ts";
import { folding } from "../log/handle-event.ts";
import { emit, emitCaused } from "../log/outbox.ts";
import { Wakeable } from "../log/wakeable.ts";
import type { Database, Tx } from "../postgres/database.ts";
import { lockSagas, type SagaRow, type Step, storeSteps } from "./store.ts";

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
  const known = new Map((await lockSagas(tx, saga.name, ids)).map((row) => [row.id, row]));
  const begun = new Map<Id, Id>();
  const decided = new Map<Id, unknown>();
  const steps: (Step & { event: RecordedEvent })[] = [];
  for (const { id, event } of routed) {
    const isNew = !known.has(id) && !decided.has(id);
    if (isNew && event.type !== saga.starts) continue;
    const state = decided.has(id) ? asStored(decided.get(id)) : (known.get(id)?.state ?? null);
    const input: SagaInput = { kind: "event", event };
    const decision = saga.decide(state, input);
    if (!decision) continue;
    if (isNew) begun.set(id, event.correlationId);
    decided.set(id, decision.state);
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
    storeSteps(tx, { saga: saga.name, begun, known }, steps),
    emitCaused(tx, caused, source),
  ]);
  crashPoint("hub.saga.before-commit");
}

/** As the next step would read it. */
const asStored = (state: unknown): unknown => JSON.parse(JSON.stringify(state));

export interface SweeperDeps {
  readonly database: Database;
  readonly source: Source;
  readonly logger: Logger;
  readonly onCommitted: () => void;
  /** Whether it is this hub that looks now; left out: always. Two that look at once take each deadline once. */
  readonly mine?: () => boolean;
}

/**
 * Gives each saga whose deadline has passed, by the database's clock, its `deadline` input. Rows of a saga that is no more, or not yet, wait.
 * A deadline that a step put off is found early once, and looked at anew when it passes.
 */
export function sagaSweeper(sagas: readonly Saga[], deps: SweeperDeps): Wakeable {
  const byName = new Map(sagas.map((saga) => [saga.name, saga]));
  const names = [...byName.keys()];
  return new Wakeable(
    async () => {
      if (deps.mine?.() === false) return false;
      const found = await deps.database.query<{ name: string; id: Id; early: boolean }>`
        select name, id, deadline_at > clock_timestamp() as early from sagas
        where look_at <= clock_timestamp() and name = any(${names})
        order by look_at limit 50`;
      if (found.some(({ early }) => early)) await lookLater(deps.database, names);
      const due = found.filter(({ early }) => !early);
      for (const { name, id } of due) {
        const saga = byName.get(name);
        if (saga) await expire(saga, id, deps);
      }
      if (due.length > 0) deps.onCommitted();
      return found.length === 50;
    },
    {
      idleMs: 250,
      logger: deps.logger,
      failing: "saga deadlines can't be checked; retrying",
    },
  );
}

/** Whoever has one locked is about to say anew when to look. */
const lookLater = ({ query }: Database, names: readonly string[]) => query`
  with early as (
    select name, id from sagas where look_at <= clock_timestamp() and deadline_at > clock_timestamp() and name = any(${[...names]})
    order by look_at limit 1000 for update skip locked)
  update sagas s set look_at = s.deadline_at from early where s.name = early.name and s.id = early.id`;

function expire(saga: Saga, id: Id, { database, source, logger }: SweeperDeps): Promise<void> {
  return database.transaction(async (tx) => {
    const [row] = await tx<SagaRow>`select id, state, status, correlation_id, steps from sagas
      where name = ${saga.name} and id = ${id} and deadline_at <= clock_timestamp() for update skip locked`;
    if (!row) return;
    const decision = decideDeadline(saga, row, logger);
    if (!decision) {
      await tx`update sagas set deadline_at = null, look_at = null where name = ${saga.name} and id = ${id}`;
      return;
    }
    const stored = { saga: saga.name, known: new Map([[id, row]]) };
    await storeSteps(tx, stored, [{ id, decision, input: { kind: "deadline" } }]);
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
