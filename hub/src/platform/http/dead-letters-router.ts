import { Fault } from "@cloudphone/shared/fault";
import { z } from "zod";
import type { Database } from "../postgres/database.ts";
import { discardParked, listActions, replayParked } from "../log/dead-letters.ts";
import type { EventLog } from "../log/event-log.ts";
import { listParked, showParked } from "../log/parked.ts";
import { needs, router } from "./trpc.ts";

export interface DeadLettersDeps {
  readonly log: EventLog;
  readonly contexts: readonly { readonly name: string; readonly database: Database }[];
}

const place = z.object({ consumer: z.string().min(1).max(100), position: z.int().min(1) });
const limit = z.int().min(1).max(500).default(100);

const seeing = needs("operations.read");
const acting = needs("operations.write");

/** Events that a consumer could not handle: what they are, why, and what was done about them. */
export function deadLettersRouter({ log, contexts }: DeadLettersDeps) {
  const databaseOf = (consumer: string): Database => {
    const context = contexts.find(({ name }) => consumer.startsWith(`${name}.`));
    if (!context) throw none();
    return context.database;
  };
  return router({
    list: seeing
      .input(z.object({ consumer: z.string().max(100).optional(), limit }))
      .query(async ({ input }) =>
        (
          await Promise.all(
            contexts.map(({ database }) =>
              listParked(database, input.limit, input.consumer ?? null),
            ),
          )
        )
          .flat()
          .toSorted((a, b) => b.parkedAt.localeCompare(a.parkedAt))
          .slice(0, input.limit),
      ),
    /** With the event itself, and what was done about it before. */
    show: seeing.input(place).query(async ({ input }) => {
      const database = databaseOf(input.consumer);
      const [letter, history, [event]] = await Promise.all([
        showParked(database, input),
        listActions(database, { place: input, limit: 100 }),
        log.read({ after: input.position - 1, limit: 1 }),
      ]);
      if (!letter && history.length === 0) throw none();
      return { letter, event: event?.position === input.position ? event : null, history };
    }),
    replay: acting.input(place).mutation(async ({ input, ctx }) => {
      if (!(await replayParked(databaseOf(input.consumer), input, ctx.caller))) throw none();
      return { replayed: true };
    }),
    discard: acting
      .input(place.extend({ reason: z.string().trim().min(3).max(500) }))
      .mutation(async ({ input, ctx }) => {
        const outcome = await discardParked(databaseOf(input.consumer), input, ctx.caller);
        if (outcome === null) throw none();
        if (outcome !== "discarded") throw new Fault("conflict", notDead[outcome]);
        return { discarded: true };
      }),
    history: seeing.input(z.object({ limit })).query(async ({ input }) =>
      (
        await Promise.all(
          contexts.map(({ database }) =>
            listActions(database, { place: null, limit: input.limit }),
          ),
        )
      )
        .flat()
        .toSorted((a, b) => b.at.localeCompare(a.at))
        .slice(0, input.limit),
    ),
  });
}

const none = () =>
  new Fault("not_found", "There is no such dead letter; `cloudphone dead-letters` lists them.");

const notDead = {
  retrying:
    "This event is still tried again by itself, or waits behind another of its subject; only one that was given up (dead) can be discarded.",
  waiting:
    "This event was written by a newer release and waits for one; only one that was given up (dead) can be discarded.",
  dead: "This event was changed meanwhile; look again.",
} as const;
