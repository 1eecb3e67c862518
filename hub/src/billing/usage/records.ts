import type { LeaseRef } from "@cloudphone/shared/device";
import type { Id } from "@cloudphone/shared/ids";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { RunLength } from "./record.ts";

export interface UsageRecord extends RunLength {
  readonly runId: Id;
  readonly deviceId: Id;
  readonly orderId: Id;
  readonly userId: Id;
  readonly startedAt: string;
  /** Why it stopped, as its host said: `requested`, `crashed`, …; `host lost` when it is estimated. */
  readonly reason: string | null;
  /** How much of it was charged for; null before it was rated. */
  readonly ratedMs: number | null;
  readonly includedMs: number;
  readonly amountMinor: number;
}

interface UsageRow {
  run_id: Id;
  device_id: Id;
  order_id: Id;
  user_id: Id;
  started_at: Date;
  confirmed_ms: number;
  duration_ms: number | null;
  closed_by: "host" | "estimate" | null;
  reason: string | null;
  rated_ms: number | null;
  included_ms: number;
  amount_minor: number;
}

const toRecord = (row: UsageRow): UsageRecord => ({
  runId: row.run_id,
  deviceId: row.device_id,
  orderId: row.order_id,
  userId: row.user_id,
  startedAt: row.started_at.toISOString(),
  confirmedMs: row.confirmed_ms,
  durationMs: row.duration_ms,
  closedBy: row.closed_by,
  reason: row.reason,
  ratedMs: row.rated_ms,
  includedMs: row.included_ms,
  amountMinor: row.amount_minor,
});

export async function lockRecord(tx: Tx, runId: Id): Promise<UsageRecord | null> {
  const [row] = await tx<UsageRow>`select * from usage_records where run_id = ${runId} for update`;
  return row ? toRecord(row) : null;
}

export interface NewRecord {
  readonly runId: Id;
  readonly deviceId: Id;
  readonly lease: LeaseRef;
  readonly startedAt: string;
  /** Which store of which host tells of it. */
  readonly origin: { readonly hostId: string; readonly epoch: string } | null;
}

export async function openRecord(tx: Tx, record: NewRecord): Promise<void> {
  const { runId, deviceId, lease, startedAt, origin } = record;
  await tx`
    insert into usage_records (run_id, device_id, host_id, epoch, lease_id, token, order_id, user_id, started_at, confirmed_ms)
    values (${runId}, ${deviceId}, ${origin?.hostId ?? null}, ${origin?.epoch ?? null}, ${lease.leaseId}, ${lease.token},
      ${lease.orderId}, ${lease.userId}, ${startedAt}::timestamptz, 0)`;
}

export async function storeLength(
  tx: Tx,
  runId: Id,
  length: RunLength & { reason: string | null },
): Promise<void> {
  const { confirmedMs, durationMs, closedBy, reason } = length;
  await tx`
    update usage_records set confirmed_ms = ${confirmedMs}, duration_ms = ${durationMs}, closed_by = ${closedBy},
      reason = ${reason},
      closed_at = case when ${closedBy}::text is null then null else coalesce(closed_at, clock_timestamp()) end
    where run_id = ${runId}`;
}

/** Closed runs of an order in the order in which they closed; or the one with that id, if it is closed. */
export async function closedRuns(
  tx: Tx,
  orderId: Id,
  only: Id | null,
): Promise<(UsageRecord & { durationMs: number })[]> {
  const rows = await tx<UsageRow>`
    select * from usage_records where order_id = ${orderId} and duration_ms is not null
      and (${only}::uuid is null or run_id = ${only}) order by closed_at, run_id`;
  return rows.map(toRecord).filter((record) => record.durationMs !== null) as (UsageRecord & {
    durationMs: number;
  })[];
}

/** Open runs of a host: all of them, or those that other stores than `epoch` opened. */
export async function openRunsOf(
  tx: Tx,
  hostId: string,
  epoch: string | null,
): Promise<UsageRecord[]> {
  const rows = await tx<UsageRow>`
    select * from usage_records where host_id = ${hostId} and duration_ms is null
      and (${epoch}::text is null or epoch <> ${epoch}) order by run_id for update`;
  return rows.map(toRecord);
}

export interface UsageFilter {
  /** Null: everyone's. */
  readonly userId: Id | null;
  readonly orderId: Id | null;
  readonly deviceId: Id | null;
  readonly before: Id | null;
  readonly limit: number;
}

export interface UsageLine extends UsageRecord {
  readonly planName: string | null;
  readonly currency: string | null;
  /** `open`: still running. `charged`: rated. `waiting`: its order is not paid yet. `free`: its order was cancelled. */
  readonly state: "open" | "charged" | "waiting" | "free";
}

/** Newest first. */
export async function listUsage(query: Query, filter: UsageFilter): Promise<UsageLine[]> {
  const { userId, orderId, deviceId, before, limit } = filter;
  const rows = await query<
    UsageRow & { plan_name: string | null; currency: string | null; order_state: string | null }
  >`
    select u.*, o.plan_name, o.currency, o.state as order_state
    from usage_records u left join orders o on o.id = u.order_id
    where (${userId}::uuid is null or u.user_id = ${userId}) and (${orderId}::uuid is null or u.order_id = ${orderId})
      and (${deviceId}::uuid is null or u.device_id = ${deviceId})
      and (${before}::uuid is null or (u.started_at, u.run_id) < (select started_at, run_id from usage_records where run_id = ${before}))
    order by u.started_at desc, u.run_id desc limit ${limit}`;
  return rows.map((row) => ({
    ...toRecord(row),
    planName: row.plan_name,
    currency: row.currency,
    state: stateOf(row),
  }));
}

function stateOf(row: UsageRow & { order_state: string | null }): UsageLine["state"] {
  if (row.rated_ms !== null) return "charged";
  if (row.order_state === "cancelled" || row.order_state === null) return "free";
  return row.duration_ms === null ? "open" : "waiting";
}
