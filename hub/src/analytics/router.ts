import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { ownerSeenBy } from "../platform/auth/permissions.ts";
import { needs, router } from "../platform/http/trpc.ts";
import type { Database } from "../platform/postgres/database.ts";
import { rebuild } from "./rebuild.ts";
import { listScreenDays } from "./screens/quality.ts";
import { listUsagePerDay } from "./usage/per-day.ts";

export type AnalyticsRouter = ReturnType<typeof analyticsRouter>;

/** Analytics' area of the API, to be spread into the hub's router. */
export function analyticsRouter(database: Database) {
  return {
    analytics: router({
      /** One line per day and currency, newest first: everyone's for staff (or one customer's), their own for customers. A run counts on the day (UTC) it began. */
      usagePerDay: needs("analytics.read")
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
            userId: ownerSeenBy(ctx.caller) ?? input.userId ?? null,
            planId: input.planId ?? null,
            from: input.from ?? null,
            to: input.to ?? null,
            limit: input.limit,
          }),
        ),

      /** How live screens went, a line per day (UTC), newest first: everyone's for staff (or one customer's), their own for customers. */
      screensPerDay: needs("analytics.read")
        .input(
          z
            .object({
              userId: idSchema.optional(),
              deviceId: idSchema.optional(),
              limit: z.int().min(1).max(1000).default(30),
            })
            .default({ limit: 30 }),
        )
        .query(({ input, ctx }) =>
          listScreenDays(database.query, {
            userId: ownerSeenBy(ctx.caller) ?? input.userId ?? null,
            deviceId: input.deviceId ?? null,
            limit: input.limit,
          }),
        ),

      /** Throws the projections away; their consumers read the whole log again, which they begin within a second or two. */
      rebuild: needs("operations.rebuild").mutation(async () => {
        await rebuild(database);
        return { rebuilding: true };
      }),
    }),
  };
}
