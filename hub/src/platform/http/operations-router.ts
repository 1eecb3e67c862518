import { readEventData } from "@cloudphone/shared/events/catalog";
import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { Fault } from "@cloudphone/shared/fault";
import { tracked } from "@trpc/server";
import { z } from "zod";
import type { Context } from "../context.ts";
import { ownerSeenBy } from "../auth/permissions.ts";
import type { ArchiveOverview } from "../log/archive/overview.ts";
import type { EventLog } from "../log/event-log.ts";
import { feed } from "../log/feed.ts";
import type { Ingest } from "../log/ingest.ts";
import { findTrace, type TracedContext } from "../log/find-trace.ts";
import { countParked } from "../log/parked.ts";
import type { RunningConsumer } from "../run-context.ts";
import { archiveRouter } from "./archive-router.ts";
import { deadLettersRouter } from "./dead-letters-router.ts";
import { definedOf, filterSchema, searchOf, searchSchema } from "./event-search.ts";
import { projectionsRouter } from "./projections-router.ts";
import { sagasRouter } from "./sagas-router.ts";
import { type Caller, needs, router } from "./trpc.ts";

export interface OperationsDeps {
  readonly log: EventLog;
  readonly ingest: Ingest;
  readonly contexts: readonly (TracedContext & Pick<Context, "consumers" | "sagas">)[];
  /** Live consumers and how far each is. */
  consumers(): readonly RunningConsumer[];
  /** To be called after a commit that filled an outbox. */
  wake(): void;
  readonly archive: ArchiveOverview;
}

/** What operators look at: events, sagas, consumers and dead letters; and the live feed that customers have of their own events. */
export function operationsRouter(deps: OperationsDeps) {
  return {
    events: eventsRouter(deps),
    archive: archiveRouter(deps),
    sagas: sagasRouter(deps),
    consumers: router({ list: needs("operations.read").query(() => listConsumers(deps)) }),
    deadLetters: deadLettersRouter(deps),
    projections: projectionsRouter(deps),
    quarantine: router({
      list: needs("operations.read")
        .input(z.object({ limit: z.int().min(1).max(500).default(100) }))
        .query(({ input }) => deps.ingest.listQuarantine(input.limit)),
    }),
  };
}

/** How far each consumer is, how fast, and what it could not handle. */
async function listConsumers({ log, contexts, consumers }: OperationsDeps) {
  const [head, horizon, ...counts] = await Promise.all([
    log.head(),
    log.horizon(),
    ...contexts.map(({ database }) => countParked(database)),
  ]);
  const parked = new Map(counts.flat().map((count) => [count.consumer, count]));
  return consumers().map(({ name, position, ratePerSecond }) => ({
    name,
    position,
    lag: Math.max(0, head - position),
    /** It reads what is in files: slower, and only while they are there. */
    inArchive: position < horizon,
    ratePerSecond,
    parked: parked.get(name)?.parked ?? 0,
    dead: parked.get(name)?.dead ?? 0,
  }));
}

function eventsRouter({ log, contexts }: OperationsDeps) {
  return router({
    /** Newest last; not those that are archived. */
    list: needs("operations.read")
      .input(searchSchema)
      .query(async ({ input }) => (await log.readBack(searchOf(input))).toReversed()),
    /** All that one request caused, as a tree, by any id that belongs to it (log/find-trace.ts). */
    trace: needs("operations.read")
      .input(z.object({ id: z.uuid() }))
      .query(async ({ input }) => {
        const trace = await findTrace(log, contexts, input.id.toLowerCase());
        if (trace) return trace;
        const horizon = await log.horizon();
        throw new Fault(
          "not_found",
          `No event, request, saga, command, order or device has that id; \`cloudphone events search\` looks for others.${
            horizon === 0
              ? ""
              : ` Events up to ${horizon} are archived; \`cloudphone events search --archived --correlation <id>\` looks there.`
          }`,
        );
      }),
    /** Every event the caller may see, from a position (or from now) on, for ever; resumes by `lastEventId`. */
    live: needs("events.live")
      .input(
        filterSchema.extend({
          lastEventId: z.string().max(20).optional(),
          after: z.int().min(0).optional(),
        }),
      )
      .subscription(async function* ({ input, ctx, signal }) {
        const after = Number(input.lastEventId ?? input.after ?? (await log.head()));
        for await (const event of feed(log, { ...definedOf(input), after, signal }))
          if (visibleTo(event, ctx.caller)) yield tracked(String(event.position), event);
      }),
  });
}

/** Staff see every event; a customer those that name them as user, or whose lease is theirs. The one place where this is decided. */
export function visibleTo(event: RecordedEnvelope, caller: Caller): boolean {
  const owner = ownerSeenBy(caller);
  if (owner === null) return true;
  const reading = readEventData(event);
  if (reading.outcome !== "known") return false;
  const data = reading.data as { userId?: string; lease?: { userId?: string } | null };
  return data.userId === owner || data.lease?.userId === owner;
}
