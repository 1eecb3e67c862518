import type { Id } from "@cloudphone/shared/ids";
import {
  type Notification,
  type NotificationKind,
  notificationKinds,
} from "@cloudphone/shared/notifications";
import { may } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { Timer } from "../../platform/context.ts";

export interface Preference {
  readonly kind: NotificationKind;
  readonly inApp: boolean;
  readonly webhook: boolean;
}

interface Row {
  id: Id;
  kind: NotificationKind;
  title: string;
  text: string;
  refs: Record<string, string>;
  created_at: Date;
  read_at: Date | null;
}

const toNotification = (row: Row): Notification => ({
  notificationId: row.id,
  kind: row.kind,
  title: row.title,
  text: row.text,
  refs: row.refs,
  at: row.created_at.toISOString(),
  readAt: row.read_at?.toISOString() ?? null,
});

/** What somebody was told, and how they want to be told. Everyone sees their own alone. */
export function createNotifications(database: Database) {
  return {
    /** Newest first; `unread` counts all of them. */
    async list(
      { userId }: Caller,
      page: { unread: boolean; before: Id | null; limit: number },
    ): Promise<{ notifications: Notification[]; unread: number }> {
      const rows = await database.query<Row>`
        select * from notifications where user_id = ${userId} and (not ${page.unread} or read_at is null)
          and (${page.before}::uuid is null
            or (created_at, id) < (select created_at, id from notifications where id = ${page.before} and user_id = ${userId}))
        order by created_at desc, id desc limit ${page.limit}`;
      const [count] = await database.query<{ n: number }>`
        select count(*) as n from notifications where user_id = ${userId} and read_at is null`;
      return { notifications: rows.map(toNotification), unread: count?.n ?? 0 };
    },

    /** These, or (null) all; how many became read by it. */
    async markRead({ userId }: Caller, ids: readonly Id[] | null): Promise<number> {
      const rows = await database.query`
        update notifications set read_at = clock_timestamp() where user_id = ${userId} and read_at is null
          and (${ids === null} or id = any(${ids ? [...ids] : []}::uuid[])) returning id`;
      return rows.count;
    },

    /** Of each kind that can concern this person. */
    async preferences(caller: Caller): Promise<Preference[]> {
      const rows = await database.query<{ kind: string; in_app: boolean; webhook: boolean }>`
        select kind, in_app, webhook from notification_preferences where user_id = ${caller.userId}`;
      const known = new Map(rows.map((row) => [row.kind, row]));
      return Object.entries(notificationKinds)
        .filter(([, audience]) => audience !== "staff" || may(caller, "operations.read"))
        .map(([kind]) => ({
          kind: kind as NotificationKind,
          inApp: known.get(kind)?.in_app ?? true,
          webhook: known.get(kind)?.webhook ?? true,
        }));
    },

    async prefer({ userId }: Caller, { kind, inApp, webhook }: Preference): Promise<void> {
      await database.query`
        insert into notification_preferences (user_id, kind, in_app, webhook) values (${userId}, ${kind}, ${inApp}, ${webhook})
        on conflict (user_id, kind) do update set in_app = excluded.in_app, webhook = excluded.webhook`;
    },
  };
}
export type Notifications = ReturnType<typeof createNotifications>;

const keptDays = 90;
const deliveriesKeptDays = 30;

/** What was told long ago goes, with the log of what was sent. */
export const notificationCleaning = (database: Database): Timer => ({
  name: "core.notifications.clean",
  everyMs: 3_600_000,
  async run() {
    await database.query`delete from notifications where created_at < clock_timestamp() - ${keptDays} * interval '1 day'`;
    await database.query`
      delete from webhook_deliveries where state <> 'pending'
        and created_at < clock_timestamp() - ${deliveriesKeptDays} * interval '1 day'`;
  },
});
