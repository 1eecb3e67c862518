import { z } from "zod";
import { idSchema } from "../ids.ts";
import { notificationKindSchema } from "../notifications.ts";
import { event } from "./define.ts";

const userId = "018f3c5a-0000-7000-8000-000000000011";
const notificationId = "018f3c5a-0000-7000-8000-0000000000aa";
const sagaId = "018f3c5a-0000-7000-8000-0000000000b1";

/** Subject: the user's id; of the platform's own, the saga's id or the consumer's name. */
export const notificationEvents = {
  /** Stored for somebody to read; also what live feeds follow. */
  "notification.created": event(
    "core",
    z.object({
      userId: idSchema,
      notificationId: idSchema,
      kind: notificationKindSchema,
      title: z.string(),
      text: z.string(),
      refs: z.record(z.string(), z.string()),
    }),
    {
      userId,
      notificationId,
      kind: "order.failed",
      title: "Your order was cancelled",
      text: "No phone could be given within 30 s.",
      refs: { orderId: sagaId },
    },
  ),
  /** A saga can't go on by itself. */
  "saga.stalled": event(
    "platform",
    z.object({ sagaId: idSchema, saga: z.string(), note: z.string() }),
    { sagaId, saga: "buy-plan", note: "no answer to 3 requests to take the payment" },
  ),
  /** A person had a saga go on from where it stood, or undo what it did. */
  "saga.intervened": event(
    "platform",
    z.object({
      sagaId: idSchema,
      saga: z.string(),
      wish: z.enum(["retry", "compensate"]),
      reason: z.string(),
      byUserId: idSchema,
    }),
    {
      sagaId,
      saga: "buy-plan",
      wish: "retry",
      reason: "The wallet answers again.",
      byUserId: userId,
    },
  ),
  /** A consumer has given an event up: an operator replays or discards it. */
  "deadletter.added": event(
    "platform",
    z.object({
      consumer: z.string(),
      position: z.int(),
      type: z.string(),
      error: z.string(),
    }),
    { consumer: "billing.usage", position: 7, type: "device.stopped", error: "no such order" },
  ),
};
