import { labelNameSchema, labelValueSchema } from "@cloudphone/shared/device";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import type { Batches } from "./batches.ts";

const targetsSchema = z.union([
  z.strictObject({ devices: z.array(z.string().min(1).max(100)).min(1).max(1000) }),
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({
    labels: z
      .record(labelNameSchema, labelValueSchema)
      .refine((labels) => Object.keys(labels).length > 0, "name at least one label"),
  }),
]);

const batch = z.object({ batchId: z.uuid() });

/** One app to many phones. */
export function batchProcedures(batches: Batches, deps: CoreDeps) {
  return {
    /** Answers at once; `apps.batch` tells how far each phone is. */
    installBatch: needs("apps.write")
      .input(
        z.object({
          app: z.string().min(1).max(255),
          targets: targetsSchema,
          /** Phones of one host at a time; no more than the operator allows. */
          parallel: z.int().min(1).max(1000).nullable().default(null),
          idempotencyKey: z.uuid(),
        }),
      )
      .mutation(async ({ input: { idempotencyKey, ...wish }, ctx }) => {
        const call = {
          userId: ctx.caller.userId,
          key: idempotencyKey,
          operation: "apps.installBatch",
          input: wish,
        };
        const answer = await idempotent(deps.database, call, (tx) =>
          batches.create(tx, ctx.caller, wish),
        );
        deps.wake();
        return answer;
      }),
    batches: needs("apps.read").query(({ ctx }) => batches.list(ctx.caller)),
    batch: needs("apps.read")
      .input(batch)
      .query(({ input, ctx }) => batches.show(ctx.caller, input.batchId)),
    cancelBatch: needs("apps.write")
      .input(batch)
      .mutation(({ input, ctx }) => batches.cancel(ctx.caller, input.batchId)),
  };
}
