import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { admin, isStaff, router, signedIn } from "../platform/http/trpc.ts";
import type { Database } from "../platform/postgres/database.ts";
import { listUsagePerDay, rebuildUsagePerDay } from "./usage/per-day.ts";

export type AnalyticsRouter = ReturnType<typeof analyticsRouter>;

/** Analytics' area of the API, to be spread into the hub's router. */
export function analyticsRouter(database: Database) {
  return {
    analytics: router({
      /** One line per day and currency, newest first: everyone's for staff (or one customer's), their own for customers. A run counts on the day (UTC) it began. */
      usagePerDay: signedIn
        .input(
          z
            .object({
              userId: idSchema.optional(),
              planId: idSchema.optional(),
              from: z.iso.date().optional(),
              to: z.iso.date().optional(),
              limit: z.int().min(1).max(1000).default(90),
            })
            .default({ limit: 90 }),
        )
        .query(({ input, ctx }) =>
          listUsagePerDay(database.query, {
            userId: isStaff(ctx.caller) ? (input.userId ?? null) : ctx.caller.userId,
            planId: input.planId ?? null,
            from: input.from ?? null,
            to: input.to ?? null,
            limit: input.limit,
          }),
        ),

      /** Throws the projection away; its consumer reads the whole log again, which it begins within a second or two. */
      rebuild: admin.mutation(async () => {
        await rebuildUsagePerDay(database);
        return { rebuilding: true };
      }),
    }),
  };
}
