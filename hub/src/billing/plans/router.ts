import { deviceSpecSchema } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { may } from "../../platform/auth/permissions.ts";
import { idempotent } from "../../platform/http/idempotency.ts";
import { anyone, needs } from "../../platform/http/trpc.ts";
import type { BillingSettings } from "../settings.ts";
import { insertPlan, listPlans, type Plan, retirePlan } from "./plans.ts";

const priceMinor = z.int().min(0).max(100_000_000);
const durationMs = z.int().min(0).max(3_155_760_000_000);

const offerSchema = z.object({
  name: z.string().trim().min(1).max(60),
  description: z.string().trim().max(500).default(""),
  priceMinor,
  includedMs: durationMs.default(0),
  hourlyMinor: priceMinor,
  /** Null: until the customer gives the phone back. At least a minute. */
  leaseMs: durationMs.min(60_000).nullable().default(null),
  spec: deviceSpecSchema,
  labels: z.record(z.string().max(63), z.string().max(63)).default({}),
  /** The plan whose place it takes: that one is retired in the same moment. */
  replaces: idSchema.nullable().default(null),
});

/** What is sold. Terms are never edited: `create` with `replaces` is how a price changes, and orders keep the one they were sold under. */
export function plansRouter({ database, currency }: BillingSettings) {
  return {
    /** Those on sale; staff may ask for the retired ones too. */
    list: anyone
      .input(z.object({ retired: z.boolean().default(false) }).default({ retired: false }))
      .query(({ input, ctx }) =>
        listPlans(
          database.query,
          input.retired && ctx.caller !== null && may(ctx.caller, "plans.write"),
        ),
      ),

    create: needs("plans.write")
      .input(offerSchema.extend({ idempotencyKey: idSchema }))
      .mutation(({ input: { idempotencyKey, ...offer }, ctx }) =>
        idempotent(
          database,
          {
            userId: ctx.caller.userId,
            key: idempotencyKey,
            operation: "plans.create",
            input: offer,
          },
          async (tx): Promise<Plan> => {
            const plan = { ...offer, id: ctx.source.id(), currency, active: true, demo: false };
            if (offer.replaces !== null && !(await retirePlan(tx, offer.replaces)))
              throw new Fault("not_found", "The plan it is to replace is not on sale.");
            if (!(await insertPlan(tx, plan)))
              throw new Fault(
                "conflict",
                `A plan named ${offer.name} is on sale; replace it or choose another name.`,
              );
            return plan;
          },
        ),
      ),

    retire: needs("plans.write")
      .input(z.object({ planId: idSchema }))
      .mutation(async ({ input }) => {
        if (!(await retirePlan(database.query, input.planId)))
          throw new Fault("not_found", "There is no plan on sale with that id.");
        return { planId: input.planId };
      }),
  };
}
