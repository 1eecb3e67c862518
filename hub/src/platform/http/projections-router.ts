import { Fault } from "@cloudphone/shared/fault";
import { z } from "zod";
import type { Consumer } from "../context.ts";
import type { EventLog } from "../log/event-log.ts";
import type { Database } from "../postgres/database.ts";
import {
  beginRebuild,
  isProjection,
  listRebuilds,
  type RebuildState,
} from "../projections/rebuild.ts";
import { needs, router } from "./trpc.ts";

export interface ProjectionsDeps {
  readonly log: EventLog;
  readonly contexts: readonly {
    readonly database: Database;
    readonly consumers: readonly Consumer[];
  }[];
}

export interface ProjectionInfo {
  readonly name: string;
  readonly tables: readonly string[];
  /** Null: it was never built anew. */
  readonly rebuild: RebuildState | null;
}

/** Read models that are nothing but a fold of the log. */
export function projectionsRouter({ log, contexts }: ProjectionsDeps) {
  return router({
    list: needs("operations.read").query(async (): Promise<ProjectionInfo[]> => {
      const lists = await Promise.all(
        contexts.map(async ({ database, consumers }) => {
          const rebuilds = await listRebuilds(database);
          return consumers
            .filter(isProjection)
            .map(({ name, tables }) => ({ name, tables, rebuild: rebuilds.get(name) ?? null }));
        }),
      );
      return lists.flat();
    }),
    /** Builds it anew from the log, beside the one that is read, and then puts it in its place. */
    rebuild: needs("operations.rebuild")
      .input(z.object({ name: z.string().min(1).max(100) }))
      .mutation(async ({ input: { name }, ctx }) => {
        for (const { database, consumers } of contexts) {
          const found = consumers.filter(isProjection).find((one) => one.name === name);
          if (!found) continue;
          await beginRebuild({ database, log }, found, ctx.caller.email);
          return { name, rebuilding: true };
        }
        throw new Fault(
          "not_found",
          "There is no projection of that name; `cloudphone projections list` shows them.",
        );
      }),
  });
}
