import { Fault } from "@cloudphone/shared/fault";
import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import type { Context, Intervention } from "../context.ts";
import { findSaga, intervene, possibleFor } from "../saga/intervene.ts";
import { listSagas, showSaga } from "../saga/queries.ts";
import { idempotent } from "./idempotency.ts";
import { needs, router } from "./trpc.ts";

export interface SagasDeps {
  readonly contexts: readonly Pick<Context, "database" | "sagas">[];
  /** To be called after a commit that filled an outbox. */
  wake(): void;
}

const wishSchema = z.object({
  id: z.uuid(),
  /** Kept with the step and told to whoever it concerns. */
  reason: z.string().trim().min(3).max(300),
  idempotencyKey: idSchema,
});

/** Processes over several events: each step, and what a person may have them do. */
export function sagasRouter(deps: SagasDeps) {
  const { contexts } = deps;
  const doing = (wish: Intervention) =>
    needs("operations.write")
      .input(wishSchema)
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const { caller, source } = ctx;
        for (const { database, sagas } of contexts) {
          const saga = await findSaga(database.query, sagas, input.id);
          if (!saga) continue;
          const call = { userId: caller.userId, key, operation: `sagas.${wish}`, input };
          const said = { sagaId: input.id, wish, reason: input.reason, by: caller, source };
          const done = await idempotent(database, call, (tx) => intervene(tx, saga, said));
          deps.wake();
          return done;
        }
        throw none();
      });
  return router({
    list: needs("operations.read")
      .input(
        z.object({
          status: z.enum(["running", "completed", "compensated", "needs_operator"]).optional(),
          name: z.string().max(60).optional(),
          /** The last saga of the page before. */
          before: z.uuid().optional(),
          limit: z.int().min(1).max(500).default(50),
        }),
      )
      .query(async ({ input: { status = null, name = null, before = null, limit } }) => {
        const page = { status, name, before, limit };
        const lists = await Promise.all(contexts.map(({ database }) => listSagas(database, page)));
        return lists
          .flat()
          .toSorted((a, b) => b.id.localeCompare(a.id))
          .slice(0, limit);
      }),
    /** With `possible`: what a person may have it do from where it stands. */
    show: needs("operations.read")
      .input(z.object({ id: z.uuid() }))
      .query(async ({ input }) => {
        for (const { database, sagas } of contexts) {
          const shown = await showSaga(database, input.id);
          if (!shown) continue;
          const saga = sagas.find(({ name }) => name === shown.name) ?? null;
          const { state, updatedAt: at } = shown;
          return { ...shown, possible: possibleFor(saga, { state, at }) };
        }
        throw none();
      }),
    /** Has it ask again for what it waits for. */
    retry: doing("retry"),
    /** Has it undo what it did. */
    compensate: doing("compensate"),
  });
}

const none = (): Fault =>
  new Fault("not_found", "There is no saga with that id; `cloudphone sagas list` shows them.");
