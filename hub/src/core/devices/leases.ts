import type { LeaseRef } from "@cloudphone/shared/device";
import type { EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, HandlerContext, Timer } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { type Quota, whyNoPhone } from "../accounts/quotas.ts";
import type { CoreDeps } from "../deps.ts";
import { failCommands } from "./commands.ts";
import { changeDesired, freeDevices, insertDevice, lockPlacement, offers } from "./inventory.ts";
import { type Placement, place } from "./scheduler.ts";

/**
 * Who has which phone. An order gets one lease at the most; a device has one open lease at the most (a constraint of the database), and each
 * new one raises its fencing token. Requests and releases of one order come in order, since the order is their subject.
 */
export const leaseConsumer = ({ quotas }: Pick<CoreDeps, "quotas">): Consumer => ({
  name: "core.leases",
  on: {
    "device.allocate.requested": (event, context) => allocate(event, context, quotas),
    "device.release.requested": async ({ data }, context) => {
      const [lease] = await context.tx<LeaseRow>`
        select * from leases where order_id = ${data.orderId} and upper_inf(period) for update`;
      if (lease) await context.emit(...(await endLease(context.tx, lease, data.reason)));
    },
    "order.renewed": extendLease,
    "host.removed": async ({ data }, context) => {
      const open = await context.tx<LeaseRow>`
        select l.* from leases l join devices d on d.id = l.device_id
        where d.host_id = ${data.hostId} and upper_inf(l.period) for update of l`;
      for (const lease of open)
        await context.emit(...(await endLease(context.tx, lease, "The phone's host was removed.")));
      await context.tx`update devices set existence = 'absent', state = 'destroyed', running = false
        where host_id = ${data.hostId} and existence = 'present'`;
    },
  },
});

export interface LeaseRow {
  id: Id;
  device_id: Id;
  user_id: Id;
  order_id: Id;
  token: number;
}

async function allocate(
  { data }: RecordedEvent<"device.allocate.requested">,
  context: HandlerContext,
  quotas: Quota,
): Promise<void> {
  const { tx } = context;
  const { sagaId, orderId, userId } = data;
  const [had] = await tx`select id from leases where order_id = ${orderId}`;
  if (had) return;
  await lockPlacement(tx);
  const beyond = await whyNoPhone(tx, userId, quotas);
  const placement: Placement =
    beyond === null
      ? place(data, await freeDevices(tx), await offers(tx))
      : { kind: "none", reason: beyond };
  if (placement.kind === "none") {
    const failed = { sagaId, orderId, reason: placement.reason };
    await context.emit({ type: "device.allocate.failed", subject: orderId, data: failed });
    return;
  }
  const { hostId } = placement;
  const deviceId = placement.kind === "take" ? placement.deviceId : context.source.id();
  if (placement.kind === "create") {
    const device = { deviceId, hostId, spec: data.spec, power: "running" as const };
    await context.emit(...(await insertDevice(tx, device)));
  }
  const lease = await insertLease(tx, {
    leaseId: context.source.id(),
    deviceId,
    userId,
    orderId,
    labels: data.labels,
    leaseMs: data.leaseMs,
  });
  const desired = await changeDesired(tx, deviceId, {
    power: "running",
    reason: "leased",
    force: true,
  });
  await context.emit({
    type: "device.allocated",
    subject: orderId,
    data: { deviceId, sagaId, orderId, hostId, ...lease },
  });
  if (desired) await context.emit(desired);
}

async function extendLease(
  { data }: RecordedEvent<"order.renewed">,
  { tx, emit: say }: HandlerContext,
): Promise<void> {
  const { orderId, userId, period, leaseMs } = data;
  const [lease] = await tx<LeaseRow & { expires_at: Date }>`
    update leases set expires_at = expires_at + ${leaseMs} * interval '1 millisecond', term = term + 1
    where order_id = ${orderId} and upper_inf(period) and expires_at > clock_timestamp() returning *`;
  if (!lease) {
    const reason = "The lease was over.";
    await say({
      type: "device.lease.extend.failed",
      subject: orderId,
      data: { orderId, userId, period, reason },
    });
    return;
  }
  const { device_id: deviceId, id: leaseId, token } = lease;
  const ref = { leaseId, orderId, userId: lease.user_id, token };
  const extended = { deviceId, orderId, lease: ref, expiresAt: lease.expires_at.toISOString() };
  await say({ type: "device.lease.extended", subject: orderId, data: extended });
  const desired = await changeDesired(tx, deviceId, { reason: "lease extended", force: true });
  if (desired) await say(desired);
}

export interface NewLease {
  readonly leaseId: Id;
  readonly deviceId: Id;
  readonly userId: Id;
  readonly orderId: Id;
  readonly labels: Readonly<Record<string, string>>;
  readonly leaseMs: number | null;
}

export async function insertLease(
  tx: Tx,
  lease: NewLease,
): Promise<{ lease: LeaseRef; expiresAt: string | null }> {
  const { leaseId, deviceId, userId, orderId, labels, leaseMs } = lease;
  const [device] = await tx<{ token: number }>`
    update devices set token = token + 1, clean = false where id = ${deviceId} returning token`;
  const token = device?.token ?? 1;
  const [row] = await tx<{ expires_at: Date | null }>`
    insert into leases (id, device_id, user_id, order_id, labels, token, period, expires_at)
    values (${leaseId}, ${deviceId}, ${userId}, ${orderId}, ${tx.json(labels)}, ${token}, tstzrange(clock_timestamp(), null),
      clock_timestamp() + ${leaseMs}::bigint * interval '1 millisecond') returning expires_at`;
  const expiresAt = row?.expires_at?.toISOString() ?? null;
  return { lease: { leaseId, orderId, userId, token }, expiresAt };
}

/** Ends an open lease: its commands are void, and its host stops the phone and wipes it before anybody else gets it. */
export async function endLease(tx: Tx, lease: LeaseRow, reason: string): Promise<EventDraft[]> {
  const { ended, hostId, ref } = await closeLease(tx, lease, reason);
  const released: EventDraft<"device.released"> = {
    type: "device.released",
    subject: lease.order_id,
    data: { deviceId: lease.device_id, hostId, lease: ref, reason },
  };
  return [released, ...ended];
}

export interface ClosedLease {
  readonly ended: readonly EventDraft[];
  readonly hostId: Id;
  readonly ref: LeaseRef;
}

/** Ends the lease of a phone, and says nothing of its order. */
export async function closeLease(tx: Tx, lease: LeaseRow, reason: string): Promise<ClosedLease> {
  await tx`update leases set period = tstzrange(lower(period), clock_timestamp()), ended_reason = ${reason}
    where id = ${lease.id}`;
  await tx`update devices set labels = '{}', idle_stop_minutes = null where id = ${lease.device_id}`;
  await failCommands(tx, lease.device_id, "stale_lease", "The lease ended before this was done.");
  const desired = await changeDesired(tx, lease.device_id, {
    power: "stopped",
    reason: "released",
    force: true,
  });
  const [device] = await tx<{
    host_id: Id;
  }>`select host_id from devices where id = ${lease.device_id}`;
  const ref = {
    leaseId: lease.id,
    orderId: lease.order_id,
    userId: lease.user_id,
    token: lease.token,
  };
  return { ended: desired ? [desired] : [], hostId: device?.host_id ?? "", ref };
}

/** Leases with an end, by the database's clock. Their hosts end them by their own clock as well, hub or no hub. */
export function leaseExpiry({ database, source }: CoreDeps): Timer {
  return {
    name: "core.leases.expire",
    everyMs: 1000,
    run: () =>
      database.transaction(async (tx) => {
        const over = await tx<LeaseRow>`
          select * from leases where upper_inf(period) and expires_at <= clock_timestamp() limit 100 for update skip locked`;
        const cause = { correlationId: source.id(), causationId: null };
        for (const lease of over)
          await emit(tx, await endLease(tx, lease, "The lease ran out."), { cause, source });
      }),
  };
}
