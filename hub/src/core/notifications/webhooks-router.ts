import { idSchema } from "@cloudphone/shared/ids";
import { notificationKindSchema } from "@cloudphone/shared/notifications";
import { z } from "zod";
import { needs, router } from "../../platform/http/trpc.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Webhooks } from "./webhooks.ts";

const one = z.object({ webhookId: idSchema });

export function webhooksRouter(webhooks: Webhooks, deliveries: Deliveries) {
  return router({
    list: needs("webhooks.read").query(({ ctx }) => webhooks.list(ctx.caller)),
    /** The secret is in this answer and nowhere else. */
    create: needs("webhooks.write")
      .input(
        z.object({
          url: z.string().trim().min(1).max(2000),
          /** Empty: all. */
          kinds: z.array(notificationKindSchema).max(50).default([]),
        }),
      )
      .mutation(({ input, ctx }) => webhooks.create(ctx.caller, input)),
    remove: needs("webhooks.write")
      .input(one)
      .mutation(async ({ input, ctx }) => {
        await webhooks.remove(ctx.caller, input.webhookId);
        return { removed: true };
      }),
    resume: needs("webhooks.write")
      .input(one)
      .mutation(async ({ input, ctx }) => {
        await webhooks.resume(ctx.caller, input.webhookId);
        return { resumed: true };
      }),
    test: needs("webhooks.write")
      .input(one)
      .mutation(({ input, ctx }) => webhooks.test(ctx.caller, input.webhookId)),
    deliveries: needs("webhooks.read")
      .input(
        z
          .object({
            webhookId: idSchema.optional(),
            state: z.enum(["pending", "delivered", "failed"]).optional(),
            /** The last delivery of the page before. */
            before: idSchema.optional(),
            limit: z.int().min(1).max(200).default(50),
          })
          .default({ limit: 50 }),
      )
      .query(({ input, ctx }) =>
        deliveries.list(ctx.caller, {
          webhookId: input.webhookId ?? null,
          state: input.state ?? null,
          before: input.before ?? null,
          limit: input.limit,
        }),
      ),
    replay: needs("webhooks.write")
      .input(z.object({ deliveryId: idSchema }))
      .mutation(async ({ input, ctx }) => {
        await deliveries.replay(ctx.caller, input.deliveryId);
        return { replayed: true };
      }),
  });
}
