import type { Id } from "@cloudphone/shared/ids";
import type { Context } from "../context.ts";
import type { Database } from "../postgres/database.ts";
import type { EventLog } from "./event-log.ts";
import { causationTree, type TracedStep, type TraceNode } from "./trace.ts";

export type TracedContext = Pick<Context, "name" | "database" | "correlationOf">;

export interface Trace {
  /** A request's own, and those of the sagas that it began. */
  readonly correlationIds: readonly Id[];
  readonly startedAt: string;
  readonly endedAt: string;
  readonly events: number;
  /** More was caused than is shown: only the first events. */
  readonly truncated: boolean;
  readonly roots: readonly TraceNode[];
}

const maxEvents = 2000;

/**
 * All that the request caused which an id belongs to: the id of an event, a correlation, a saga, a command (an installation), or of whatever
 * events are about (an order, a device: the request that first spoke of it). Null when the id is nowhere but in archived events.
 */
export async function findTrace(
  log: EventLog,
  contexts: readonly TracedContext[],
  id: Id,
): Promise<Trace | null> {
  const first = await correlationOf(log, contexts, id);
  if (first === null) return null;
  const sagas = (
    await Promise.all(contexts.map(({ database }) => sagasOf(database, first)))
  ).flat();
  const correlationIds = [
    ...new Set([first, ...sagas.flatMap((saga) => [saga.correlationId, saga.id])]),
  ];
  const [events, steps] = await Promise.all([
    log.correlated(correlationIds, maxEvents + 1),
    Promise.all(contexts.map(({ database }) => stepsOf(database, correlationIds))),
  ]);
  const shown = events.slice(0, maxEvents);
  const times = shown.map(({ recordedAt }) => recordedAt).toSorted();
  const [startedAt, endedAt] = [times[0], times.at(-1)];
  if (startedAt === undefined || endedAt === undefined) return null;
  return {
    correlationIds,
    startedAt,
    endedAt,
    events: shown.length,
    truncated: events.length > maxEvents,
    roots: causationTree(shown, steps.flat()),
  };
}

/** The correlation that an id belongs to, looked for from the most to the least exact meaning. */
async function correlationOf(
  log: EventLog,
  contexts: readonly TracedContext[],
  id: Id,
): Promise<Id | null> {
  const [correlated] = await log.correlated([id], 1);
  if (correlated) return id;
  const event = await log.find(id);
  if (event) return event.correlationId;
  for (const { database, correlationOf: known } of contexts) {
    const [saga] = await database.query<{ correlation_id: Id }>`
      select correlation_id from sagas where id = ${id} limit 1`;
    const found = saga?.correlation_id ?? (await known?.(id));
    if (found) return found;
  }
  const [about] = await log.read({ after: await log.horizon(), limit: 1, subject: id });
  return about?.correlationId ?? null;
}

/** The sagas that belong to a correlation, or are it: what a saga does by itself may have its own id for correlation. */
const sagasOf = (database: Database, correlationId: Id) =>
  database.query<{ id: Id; correlationId: Id }>`
    select id, correlation_id as "correlationId" from sagas where correlation_id = ${correlationId} or id = ${correlationId} limit 100`;

async function stepsOf(database: Database, correlationIds: readonly Id[]): Promise<TracedStep[]> {
  const rows = await database.query<Omit<TracedStep, "at"> & { at: Date }>`
    select t.name as saga, t.saga_id as "sagaId", t.step, t.at, t.input_position as "inputPosition", t.phase, t.status, t.note, t.emitted
    from sagas s join saga_steps t on t.name = s.name and t.saga_id = s.id
    where s.correlation_id = any(${correlationIds}::uuid[]) order by t.at, t.step limit ${maxEvents}`;
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
