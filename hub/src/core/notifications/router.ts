import type { EventData } from "@cloudphone/shared/events/catalog";
import { idSchema } from "@cloudphone/shared/ids";
import { notificationKindSchema } from "@cloudphone/shared/notifications";
import { tracked } from "@trpc/server";
import { z } from "zod";
import { needs, router } from "../../platform/http/trpc.ts";
import type { EventLog } from "../../platform/log/event-log.ts";
import { feed } from "../../platform/log/feed.ts";
import type { Notifications } from "./notifications.ts";

export function notificationsRouter(notifications: Notifications, log: EventLog) {
  return router({
    list: needs("notifications.read")
      .input(
        z
          .object({
            unread: z.boolean().default(false),
            /** The last notification of the page before. */
            before: idSchema.optional(),
            limit: z.int().min(1).max(200).default(50),
          })
          .default({ unread: false, limit: 50 }),
      )
      .query(({ input, ctx }) =>
        notifications.list(ctx.caller, { ...input, before: input.before ?? null }),
      ),
    /** These, or all without `ids`. */
    markRead: needs("notifications.write")
      .input(z.object({ ids: z.array(idSchema).max(500).optional() }))
      .mutation(async ({ input, ctx }) => ({
        read: await notifications.markRead(ctx.caller, input.ids ?? null),
      })),
    /** Own notifications as they come, for ever; resumes by `lastEventId`. */
    live: needs("notifications.read")
      .input(
        z.object({
          lastEventId: z
            .string()
            .regex(/^\d{1,15}$/)
            .optional(),
        }),
      )
      .subscription(async function* ({ input, ctx, signal }) {
        const { userId } = ctx.caller;
        const after = Number(input.lastEventId ?? (await log.head()));
        const types = ["notification.created"];
        for await (const event of feed(log, { types, subject: userId, after, signal }))
          yield tracked(String(event.position), {
            ...(event.data as Told),
            at: event.recordedAt,
            readAt: null,
          });
      }),
    preferences: needs("notifications.read").query(({ ctx }) =>
      notifications.preferences(ctx.caller),
    ),
    setPreference: needs("notifications.write")
      .input(z.object({ kind: notificationKindSchema, inApp: z.boolean(), webhook: z.boolean() }))
      .mutation(async ({ input, ctx }) => {
        await notifications.prefer(ctx.caller, input);
        return input;
      }),
  });
}

type Told = EventData<"notification.created">;
