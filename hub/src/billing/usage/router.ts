import { type Id, idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import { type Caller, needs } from "../../platform/http/trpc.ts";
import type { BillingSettings } from "../settings.ts";
import { listUsage } from "./records.ts";
import { summariseUsage } from "./summary.ts";

const whoseSchema = z.object({
  /** For staff: one customer's. Staff see everyone's without it, customers always their own. */
  userId: idSchema.optional(),
  orderId: idSchema.optional(),
});

/** What ran, for how long, and what it cost. */
export function usageRouter({ database }: BillingSettings) {
  return {
    /** Runs, newest first. An open one shows what is confirmed so far (at most a minute behind). */
    list: needs("usage.read")
      .input(
        whoseSchema
          .extend({
            deviceId: idSchema.optional(),
            /** The last run of the page before. */
            before: idSchema.optional(),
            limit: z.int().min(1).max(500).default(50),
          })
          .default({ limit: 50 }),
      )
      .query(({ input, ctx }) =>
        listUsage(database.query, {
          userId: whose(input.userId, ctx.caller),
          orderId: input.orderId ?? null,
          deviceId: input.deviceId ?? null,
          before: input.before ?? null,
          limit: input.limit,
        }),
      ),

    /** Per order: what was used of what is included, what was charged, and what open runs will add to it so far. */
    summary: needs("usage.read")
      .input(whoseSchema.default({}))
      .query(({ input, ctx }) =>
        summariseUsage(database.query, {
          userId: whose(input.userId, ctx.caller),
          orderId: input.orderId ?? null,
        }),
      ),
  };
}

const whose = (userId: Id | undefined, caller: Caller): Id | null =>
  ownerSeenBy(caller) ?? userId ?? null;
