import type { Id } from "@cloudphone/shared/ids";
import type { NotificationKind } from "@cloudphone/shared/notifications";
import type { HandlerContext } from "../../platform/context.ts";
import type { Tx } from "../../platform/postgres/database.ts";

/** What is to be told. */
export interface Notice {
  readonly kind: NotificationKind;
  readonly title: string;
  readonly text: string;
  /** Ids of what it is about, by name. */
  readonly refs: Readonly<Record<string, string>>;
}

/**
 * Stores a notice for each of these people, as each of them wants it: a row to read and the event that live feeds follow, and a message to each of
 * their webhooks. In the handler's transaction, so it happens once.
 */
export async function notify(
  context: HandlerContext,
  userIds: readonly Id[],
  notice: Notice,
): Promise<void> {
  for (const userId of new Set(userIds)) await notifyOne(context, userId, notice);
}

async function notifyOne(
  { tx, source, emit }: HandlerContext,
  userId: Id,
  notice: Notice,
): Promise<void> {
  const { kind, title, text, refs } = notice;
  const [wish] = await tx<{ in_app: boolean; webhook: boolean }>`
    select in_app, webhook from notification_preferences where user_id = ${userId} and kind = ${kind}`;
  const notificationId = source.id();
  if (wish?.in_app !== false) {
    await tx`insert into notifications (id, user_id, kind, title, text, refs)
      values (${notificationId}, ${userId}, ${kind}, ${title}, ${text}, ${tx.json(refs)})`;
    const data = { userId, notificationId, ...notice, refs: { ...refs } };
    await emit({ type: "notification.created", subject: userId, data });
  }
  if (wish?.webhook === false) return;
  const webhooks = await tx<{ id: Id }>`
    select id from webhooks where user_id = ${userId} and paused_reason is null
      and (kinds = '{}' or ${kind} = any(kinds))`;
  const at = new Date(source.now()).toISOString();
  for (const { id } of webhooks) {
    const message = { kind, at, ...{ notificationId, title, text, refs } };
    await enqueue(tx, { deliveryId: source.id(), webhookId: id, message });
  }
}

export interface WebhookMessage extends Notice {
  readonly notificationId: Id;
  readonly at: string;
}

/** A message that is to be sent. Its body is fixed here: each attempt and each replay sends the same bytes. */
export async function enqueue(
  tx: Tx,
  {
    deliveryId,
    webhookId,
    message,
  }: { deliveryId: Id; webhookId: Id; message: Omit<WebhookMessage, "kind"> & { kind: string } },
): Promise<void> {
  const { kind, at, ...data } = message;
  const body = JSON.stringify({ type: kind, timestamp: at, data });
  await tx`insert into webhook_deliveries (id, webhook_id, kind, body)
    values (${deliveryId}, ${webhookId}, ${kind}, ${body})`;
}

/** Everyone who runs the platform: whose role sees its operations. */
export async function staffIds(tx: Tx): Promise<Id[]> {
  const rows = await tx<{ id: Id }>`
    select u.id from users u left join roles r on r.name = u.role
    where u.role in ('operator', 'admin') or 'operations.read' = any(r.permissions)`;
  return rows.map(({ id }) => id);
}
