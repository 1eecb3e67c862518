import { z } from "zod";

/** What people are told of besides what they asked for, and whom it concerns. */
export const notificationKinds = {
  "balance.low": "customer",
  "order.failed": "customer",
  "refund.made": "customer",
  "plan.expiring": "customer",
  "plan.renewed": "customer",
  "plan.not.renewed": "customer",
  "limit.reached": "customer",
  "phone.idle": "customer",
  "install.failed": "customer",
  /** A customer's phone failed or can't be reached; of a phone that nobody has, staff are told. */
  "phone.lost": "all",
  "host.lost": "staff",
  "saga.stalled": "staff",
  "deadletter.added": "staff",
} as const satisfies Record<string, "customer" | "staff" | "all">;

export type NotificationKind = keyof typeof notificationKinds;

export const notificationKindSchema = z.enum(
  Object.keys(notificationKinds) as [NotificationKind, ...NotificationKind[]],
);

/** A stored notification, as its reader sees it and as webhooks carry it. */
export interface Notification {
  readonly notificationId: string;
  readonly kind: NotificationKind;
  readonly title: string;
  readonly text: string;
  /** Ids of what it is about, by name: `{orderId, deviceId}`. */
  readonly refs: Readonly<Record<string, string>>;
  readonly at: string;
  /** Null: unread. */
  readonly readAt: string | null;
}
