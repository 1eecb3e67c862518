import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";

export interface Delivery {
  readonly deliveryId: Id;
  readonly webhookId: Id;
  readonly kind: string;
  readonly state: "pending" | "delivered" | "failed";
  readonly attempts: readonly {
    readonly attempt: number;
    readonly at: string;
    readonly status: number | null;
    readonly error: string | null;
    readonly durationMs: number;
  }[];
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
}

/** The log of what was sent to somebody's webhooks. Everyone sees their own alone. */
export function createDeliveries(database: Database) {
  return {
    /** Newest first, each with its attempts. */
    async list(
      { userId }: Caller,
      filter: {
        webhookId: Id | null;
        state: Delivery["state"] | null;
        before: Id | null;
        limit: number;
      },
    ): Promise<Delivery[]> {
      const rows = await database.query<DeliveryRow>`
        select d.*, coalesce((select jsonb_agg(jsonb_build_object('attempt', a.attempt, 'at', a.at, 'status', a.status,
            'error', a.error, 'durationMs', a.duration_ms) order by a.attempt)
          from webhook_attempts a where a.delivery_id = d.id), '[]') as tried
        from webhook_deliveries d join webhooks w on w.id = d.webhook_id
        where w.user_id = ${userId} and (${filter.webhookId}::uuid is null or w.id = ${filter.webhookId})
          and (${filter.state}::text is null or d.state = ${filter.state})
          and (${filter.before}::uuid is null or (d.created_at, d.id) < (select created_at, id from webhook_deliveries where id = ${filter.before}))
        order by d.created_at desc, d.id desc limit ${filter.limit}`;
      return rows.map(toDelivery);
    },

    /** Sends a message again, at once, its attempts counted on. */
    async replay({ userId }: Caller, deliveryId: Id): Promise<void> {
      const rows = await database.query`
        update webhook_deliveries d set state = 'pending', next_attempt_at = clock_timestamp(), ended_at = null
        from webhooks w where d.id = ${deliveryId} and w.id = d.webhook_id and w.user_id = ${userId} returning d.id`;
      if (rows.count === 0)
        throw new Fault(
          "not_found",
          "You have no such message; `cloudphone webhooks deliveries` lists them.",
        );
    },
  };
}
export type Deliveries = ReturnType<typeof createDeliveries>;

interface DeliveryRow {
  id: Id;
  webhook_id: Id;
  kind: string;
  state: Delivery["state"];
  next_attempt_at: Date | null;
  created_at: Date;
  tried: Delivery["attempts"];
}

const toDelivery = (row: DeliveryRow): Delivery => ({
  deliveryId: row.id,
  webhookId: row.webhook_id,
  kind: row.kind,
  state: row.state,
  attempts: row.tried,
  nextAttemptAt: row.state === "pending" ? (row.next_attempt_at?.toISOString() ?? null) : null,
  createdAt: row.created_at.toISOString(),
});
