import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { NotificationKind } from "@cloudphone/shared/notifications";
import { type AllowedNetworks, outsideAddress } from "../../platform/http/outside-address.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { enqueue } from "./notify.ts";
import { newWebhookSecret } from "./signature.ts";

export interface Webhook {
  readonly webhookId: Id;
  readonly url: string;
  /** Empty: all. */
  readonly kinds: readonly NotificationKind[];
  /** Null: it is sent to. */
  readonly pausedReason: string | null;
  readonly createdAt: string;
}

const maxWebhooks = 20;

export interface WebhooksDeps {
  readonly database: Database;
  readonly source: Source;
  readonly allowed: AllowedNetworks;
}

/** Addresses that somebody wants notifications sent to, and the log of what was sent. Everyone sees their own alone. */
export function createWebhooks({ database, source, allowed }: WebhooksDeps) {
  return {
    /** The secret is in this answer and nowhere else. */
    async create(
      { userId }: Caller,
      wish: { url: string; kinds: readonly NotificationKind[] },
    ): Promise<{ webhookId: Id; secret: string }> {
      await outsideAddress(wish.url, { allowed });
      const webhookId = source.id();
      const secret = newWebhookSecret();
      const rows = await database.query`
        insert into webhooks (id, user_id, url, secret, kinds)
        select ${webhookId}, ${userId}, ${wish.url}, ${secret}, ${[...wish.kinds]}
        where (select count(*) from webhooks where user_id = ${userId}) < ${maxWebhooks} returning id`;
      if (rows.count === 0)
        throw new Fault("conflict", `You have ${maxWebhooks} webhooks already; remove one first.`);
      return { webhookId, secret };
    },

    async list({ userId }: Caller): Promise<Webhook[]> {
      const rows = await database.query<Omit<Webhook, "createdAt"> & { createdAt: Date }>`
        select id as "webhookId", url, kinds, paused_reason as "pausedReason", created_at as "createdAt"
        from webhooks where user_id = ${userId} order by created_at`;
      return rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }));
    },

    /** With the log of what was sent to it. */
    async remove({ userId }: Caller, webhookId: Id): Promise<void> {
      const rows = await database.query`
        delete from webhooks where id = ${webhookId} and user_id = ${userId} returning id`;
      if (rows.count === 0) throw noWebhook();
    },

    /** Goes on with one that was paused. */
    async resume({ userId }: Caller, webhookId: Id): Promise<void> {
      const rows = await database.query`
        update webhooks set paused_reason = null where id = ${webhookId} and user_id = ${userId} returning id`;
      if (rows.count === 0) throw noWebhook();
    },

    /** Sends it a message that says it is a test. */
    async test({ userId }: Caller, webhookId: Id): Promise<{ deliveryId: Id }> {
      const deliveryId = source.id();
      await database.transaction(async (tx) => {
        const [row] =
          await tx`select id from webhooks where id = ${webhookId} and user_id = ${userId}`;
        if (!row) throw noWebhook();
        const at = new Date(source.now()).toISOString();
        const notificationId = source.id();
        const words = { title: "A test", text: "You asked for it.", refs: { webhookId } };
        const message = { kind: "webhook.test", at, notificationId, ...words };
        await enqueue(tx, { deliveryId, webhookId, message });
      });
      return { deliveryId };
    },
  };
}
export type Webhooks = ReturnType<typeof createWebhooks>;

const noWebhook = () =>
  new Fault("not_found", "You have no such webhook; `cloudphone webhooks list` shows yours.");
