import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { ownerSeenBy } from "../platform/auth/permissions.ts";
import { needs, router } from "../platform/http/trpc.ts";
import type { Database } from "../platform/postgres/database.ts";
import { daysOf, daysSchema } from "./days.ts";
import { listInstalls } from "./installs/installs.ts";
import { listRevenue } from "./revenue/revenue.ts";
import { listSagaOutcomes } from "./sagas/outcomes.ts";
import { listUtilisation } from "./utilisation/utilisation.ts";
import { listScreenDays } from "./screens/quality.ts";
import { listUsageBy, listUsagePerDay } from "./usage/per-day.ts";

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

      ...figureProcedures(database),
    }),
  };
}

/** What operators ask of the platform as a whole. Both ends of a time are included. */
function figureProcedures({ query }: Database) {
  return {
    usage: needs("analytics.platform")
      .input(daysSchema.extend({ by: z.enum(["plan", "customer"]) }))
      .query(({ input }) => listUsageBy(query, { ...input, ...daysOf(input) })),
    revenue: needs("analytics.platform")
      .input(daysSchema.extend({ by: z.enum(["day", "plan", "customer"]).default("day") }))
      .query(({ input }) => listRevenue(query, { ...input, ...daysOf(input) })),
    utilisation: needs("analytics.platform")
      .input(daysSchema.extend({ by: z.enum(["day", "device", "host"]).default("device") }))
      .query(({ input }) => listUtilisation(query, { ...input, ...daysOf(input) })),
    installs: needs("analytics.platform")
      .input(daysSchema.extend({ by: z.enum(["day", "app"]).default("day") }))
      .query(({ input }) => listInstalls(query, { ...input, ...daysOf(input) })),
    sagas: needs("analytics.platform")
      .input(daysSchema)
      .query(({ input }) => listSagaOutcomes(query, { ...input, ...daysOf(input) })),
  };
}
