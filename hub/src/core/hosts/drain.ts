import type { DeviceSpec } from "@cloudphone/shared/device";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Cause, Timer } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import {
  changeDesired,
  freeDevices,
  insertDevice,
  lockPlacement,
  offers,
} from "../devices/inventory.ts";
import { closeLease, endLease, insertLease, type LeaseRow } from "../devices/leases.ts";
import { place } from "../devices/scheduler.ts";

/** What becomes of the leases on a host that is emptied: kept to their own end, ended now, or given an empty phone on another host. */
export type DrainedLeases = "keep" | "end" | "move";

export interface Drain {
  readonly leases: DrainedLeases;
  readonly reason: string;
  readonly since: string;
  readonly correlationId: Id;
  /** Nobody has a phone there any more, and it was said. */
  readonly done: boolean;
}

export interface DrainWish {
  readonly leases: DrainedLeases;
  readonly reason: string;
}

/** Empties hosts and lets them take phones again. The row is the truth: a timer does what is left to do, whichever hub it is in. */
export function createDrain(deps: CoreDeps) {
  const { database, source } = deps;
  return {
    /** From its commit on no phone is given from the host; its free phones are switched off. Asked again, the newer wish counts. */
    async start(hostId: Id, { leases, reason }: DrainWish, cause: Cause): Promise<void> {
      const { correlationId } = cause;
      await database.transaction(async (tx) => {
        await lockPlacement(tx);
        const since = new Date(source.now()).toISOString();
        const drain = { leases, reason, since, correlationId, done: false } satisfies Drain;
        const rows = await tx`
          update hosts set drain = ${tx.json(drain)} where id = ${hostId} and state <> 'removed' returning id`;
        if (rows.count === 0) throw noHost();
        const started: EventDraft = {
          type: "host.drain.started",
          subject: hostId,
          data: { hostId, leases, reason },
        };
        await emit(tx, [started, ...(await switchOff(tx, hostId))], { cause, source });
      });
      deps.wake();
    },

    async cancel(hostId: Id, cause: Cause): Promise<void> {
      await database.transaction(async (tx) => {
        const [row] = await tx<{ draining: boolean }>`
          select drain is not null as draining from hosts where id = ${hostId} and state <> 'removed' for update`;
        if (!row) throw noHost();
        if (!row.draining) throw new Fault("conflict", "This host is not being emptied.");
        await tx`update hosts set drain = null where id = ${hostId}`;
        await emit(tx, [{ type: "host.drain.cancelled", subject: hostId, data: { hostId } }], {
          cause,
          source,
        });
      });
      deps.wake();
    },

    timer: {
      name: "core.hosts.drain",
      everyMs: 1000,
      async run() {
        const rows = await database.query<{ id: Id; drain: Drain }>`
          select id, drain from hosts where drain is not null and state <> 'removed' and not (drain->>'done')::boolean`;
        for (const { id, drain } of rows) await goOn(deps, id, drain);
      },
    } satisfies Timer,
  };
}
export type DrainHosts = ReturnType<typeof createDrain>;

const noHost = () => new Fault("not_found", "There is no such host; see `cloudphone hosts list`.");

async function switchOff(tx: Tx, hostId: Id): Promise<EventDraft[]> {
  const free = await tx<{ id: Id }>`
    select d.id from devices d where d.host_id = ${hostId} and d.existence = 'present'
      and not exists (select 1 from leases l where l.device_id = d.id and upper_inf(l.period)) order by d.id`;
  const drafts: EventDraft[] = [];
  for (const { id } of free) {
    const draft = await changeDesired(tx, id, { power: "stopped", reason: "its host is emptied" });
    if (draft) drafts.push(draft);
  }
  return drafts;
}

interface HeldLease extends LeaseRow {
  spec: DeviceSpec;
  labels: Record<string, string>;
  left_ms: number | null;
}

const leasesAtOnce = 20;

/** One step: some leases end or move, each with its events; those that find no other phone stay and are tried again. */
function goOn({ database, source }: CoreDeps, hostId: Id, drain: Drain): Promise<void> {
  return database.transaction(async (tx) => {
    await lockPlacement(tx);
    const [host] = await tx`
      select 1 as found from hosts where id = ${hostId} and drain = ${tx.json(drain)} for update`;
    if (!host) return;
    const held = await tx<HeldLease>`
      select l.*, d.spec, greatest(1, (extract(epoch from l.expires_at - clock_timestamp()) * 1000)::bigint) as left_ms
      from leases l join devices d on d.id = l.device_id
      where d.host_id = ${hostId} and upper_inf(l.period) order by lower(l.period) limit ${leasesAtOnce} for update of l`;
    const cause = { correlationId: drain.correlationId, causationId: null };
    if (held.length === 0) {
      await tx`update hosts set drain = drain || '{"done": true}' where id = ${hostId}`;
      await emit(tx, [{ type: "host.drained", subject: hostId, data: { hostId } }], {
        cause,
        source,
      });
      return;
    }
    const reason = `The phone's host is being emptied: ${drain.reason}`;
    for (const lease of drain.leases === "keep" ? [] : held) {
      const drafts =
        drain.leases === "end"
          ? await endLease(tx, lease, reason)
          : await moveLease(tx, { lease, reason }, () => source.id());
      await emit(tx, drafts, { cause, source });
    }
  });
}

/** Gives the order a phone on another host under a new lease; nothing when there is none to be had. What was on the old one is not taken along. */
async function moveLease(
  tx: Tx,
  { lease, reason }: { lease: HeldLease; reason: string },
  newId: () => Id,
): Promise<EventDraft[]> {
  const { spec, labels, order_id: orderId, user_id: userId } = lease;
  const placement = place({ spec, labels }, await freeDevices(tx), await offers(tx));
  if (placement.kind === "none") return [];
  const { hostId } = placement;
  const deviceId = placement.kind === "take" ? placement.deviceId : newId();
  const made =
    placement.kind === "create"
      ? await insertDevice(tx, { deviceId, hostId, spec, power: "running" })
      : [];
  const left = await closeLease(tx, lease, reason);
  const leaseMs = lease.left_ms;
  const { lease: given } = await insertLease(tx, {
    ...{ leaseId: newId(), deviceId, userId, orderId, labels, leaseMs },
  });
  const wish = { power: "running" as const, reason: "moved here", force: true };
  const desired = await changeDesired(tx, deviceId, wish);
  const from = { deviceId: lease.device_id, hostId: left.hostId, lease: left.ref };
  const data = { deviceId, orderId, userId, hostId, lease: given, from, reason };
  const moved: EventDraft<"device.moved"> = { type: "device.moved", subject: orderId, data };
  return [...made, moved, ...left.ended, ...(desired ? [desired] : [])];
}
