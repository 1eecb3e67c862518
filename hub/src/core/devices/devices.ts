import type { CommandType } from "@cloudphone/shared/commands/catalog";
import type { Battery, DeviceSpec, DeviceState } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Cause } from "../../platform/context.ts";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import type { Batteries } from "./batteries.ts";
import { insertCommand } from "./commands.ts";
import { changeDesired, insertDevice, lockPlacement, offers } from "./inventory.ts";
import { place } from "./scheduler.ts";

export interface DeviceInfo {
  readonly deviceId: Id;
  readonly name: string;
  readonly hostId: Id;
  readonly hostState: string;
  readonly provider: string;
  readonly spec: DeviceSpec;
  readonly state: DeviceState;
  readonly reason: string | null;
  /** Null: it has none, or its host has not said. */
  readonly battery: Battery | null;
  readonly power: "running" | "stopped";
  readonly clean: boolean;
  /** Whoever has the phone gives it these, to mean several at once; they go with the lease. */
  readonly labels: Readonly<Record<string, string>>;
  /** It is switched off after so long without anybody reaching into it; null: never. */
  readonly idleStopMinutes: number | null;
  /** How many days films of its screen are kept; 0: it is not filmed. */
  readonly recordingDays: number;
  /** Whether that was said of this device; else it is as its host has it. */
  readonly recordingDaysAreOwn: boolean;
  readonly lease: {
    readonly orderId: Id;
    readonly userId: Id;
    readonly since: string;
    readonly expiresAt: string | null;
  } | null;
}

export interface DeviceRow {
  id: Id;
  name: string;
  host_id: Id;
  host_state: string;
  provider: string;
  spec: DeviceSpec;
  state: DeviceState;
  reason: string | null;
  power: "running" | "stopped";
  clean: boolean;
  labels: Record<string, string>;
  idle_stop_minutes: number | null;
  recording_days: number | null;
  host_recording_days: number;
  token: number;
  lease_id: Id | null;
  order_id: Id | null;
  user_id: Id | null;
  since: Date | null;
  expires_at: Date | null;
}

/** The devices a caller may see: all, or those whose lease is theirs. */
async function visible(
  query: Query,
  caller: Caller,
  which: { ref: string | null },
): Promise<DeviceRow[]> {
  const owner = ownerSeenBy(caller);
  const { ref } = which;
  return query<DeviceRow>`
    select d.*, h.state as host_state, h.recording_days as host_recording_days, l.id as lease_id, l.order_id, l.user_id, lower(l.period) as since, l.expires_at
    from devices d join hosts h on h.id = d.host_id
      left join leases l on l.device_id = d.id and upper_inf(l.period)
    where d.existence = 'present' and (${owner}::uuid is null or l.user_id = ${owner})
      and (${ref}::text is null or d.id::text = ${ref} or d.name = ${ref})
    order by d.created_at limit 10000`;
}

export const toInfo = (row: DeviceRow, batteries: Batteries): DeviceInfo => ({
  deviceId: row.id,
  name: row.name,
  hostId: row.host_id,
  hostState: row.host_state,
  provider: row.provider,
  spec: row.spec,
  state: row.state,
  reason: row.reason,
  battery: batteries.of(row.host_id, row.id),
  power: row.power,
  clean: row.clean,
  labels: row.labels,
  idleStopMinutes: row.idle_stop_minutes,
  recordingDays: row.recording_days ?? row.host_recording_days,
  recordingDaysAreOwn: row.recording_days !== null,
  lease:
    row.order_id && row.user_id
      ? {
          orderId: row.order_id,
          userId: row.user_id,
          since: row.since?.toISOString() ?? "",
          expiresAt: row.expires_at?.toISOString() ?? null,
        }
      : null,
});

export interface RunningDevice {
  readonly deviceId: Id;
  readonly hostId: Id;
  /** Null: nobody has it. */
  readonly leaseId: Id | null;
  /** Fencing token of the lease; 0: none. */
  readonly token: number;
}

async function refuseOverLimit(tx: Tx, caller: Caller): Promise<void> {
  const [stop] = await tx`select 1 as found from spending_stops where user_id = ${caller.userId}`;
  if (stop)
    throw new Fault(
      "insufficient_balance",
      "Your spending limit of this month is reached; `cloudphone wallet limit` changes it.",
    );
}

const maxLabels = 20;

export interface Placed {
  readonly deviceId: Id;
  readonly hostId: Id;
}

export interface LeasedDevice extends Placed {
  readonly provider: string;
  readonly name: string;
  readonly token: number;
  readonly userId: Id;
}

export interface OneShot {
  readonly type: CommandType;
  readonly commandId: Id;
  readonly data: Record<string, unknown>;
}

/** What people ask of devices. A device is named by its id or its name. */
export function createDevices(deps: CoreDeps, batteries: Batteries) {
  const { database, source } = deps;

  const find = async (query: Query, caller: Caller, ref: string): Promise<DeviceRow> => {
    const [row] = await visible(query, caller, { ref });
    if (!row)
      throw new Fault(
        "not_found",
        `You have no phone called ${ref}; \`cloudphone devices list\` shows yours.`,
      );
    return row;
  };

  const running = async (tx: Tx, caller: Caller, ref: string): Promise<RunningDevice> => {
    const device = await find(tx, caller, ref);
    if (device.power !== "running")
      throw new Fault(
        "device_not_running",
        `${device.name} is switched off; start it first: \`cloudphone devices start ${device.name}\`.`,
      );
    const { id: deviceId, host_id: hostId, lease_id: leaseId } = device;
    return { deviceId, hostId, leaseId, token: leaseId ? device.token : 0 };
  };

  const leasedOf = async (query: Query, caller: Caller, ref: string): Promise<LeasedDevice> => {
    const row = await find(query, caller, ref);
    const { id: deviceId, host_id: hostId, provider, name, token, user_id: userId } = row;
    if (!userId) throw new Fault("conflict", `${name} is not leased by anybody.`);
    return { deviceId, hostId, provider, name, token, userId };
  };

  return {
    /** The caller's device, to be worked on; `device_not_running` when it should be off: whatever is asked of it would only time out. */
    running,

    async list(caller: Caller): Promise<DeviceInfo[]> {
      return (await visible(database.query, caller, { ref: null })).map((row) =>
        toInfo(row, batteries),
      );
    },

    async show(caller: Caller, ref: string): Promise<DeviceInfo> {
      return toInfo(await find(database.query, caller, ref), batteries);
    },

    /** Where a device of the caller's is. */
    async place(query: Query, caller: Caller, ref: string): Promise<Placed> {
      const { id: deviceId, host_id: hostId } = await find(query, caller, ref);
      return { deviceId, hostId };
    },

    /** The caller's device and whose lease it is under, whether it is on or off; `conflict` when it is under none. */
    leased: leasedOf,

    /** The caller's devices that should be on and carry all these labels. */
    async listOn(
      query: Query,
      caller: Caller,
      labels: Readonly<Record<string, string>>,
    ): Promise<Placed[]> {
      const wanted = Object.entries(labels);
      return (await visible(query, caller, { ref: null }))
        .filter(({ power }) => power === "running")
        .filter((row) => wanted.every(([name, value]) => row.labels[name] === value))
        .map(({ id: deviceId, host_id: hostId }) => ({ deviceId, hostId }));
    },

    /** Gives a device labels, or takes those away that are null here. */
    async label(
      caller: Caller,
      ref: string,
      changes: Readonly<Record<string, string | null>>,
    ): Promise<{ deviceId: Id; labels: Record<string, string> }> {
      return database.transaction(async (tx) => {
        const { id } = await find(tx, caller, ref);
        const [row] = await tx<{ labels: Record<string, string> }>`
          update devices set labels = jsonb_strip_nulls(labels || ${tx.json(changes)}::jsonb) where id = ${id} returning labels`;
        const labels = row?.labels ?? {};
        if (Object.keys(labels).length > maxLabels)
          throw new Fault("too_large", `A phone carries at most ${maxLabels} labels.`);
        return { deviceId: id, labels };
      });
    },

    /** Has the device switched off after so long without anybody reaching into it; null: never. Goes with the lease. */
    async setIdleStop(
      caller: Caller,
      ref: string,
      minutes: number | null,
    ): Promise<{ deviceId: Id }> {
      const { deviceId } = await leasedOf(database.query, caller, ref);
      await database.query`update devices set idle_stop_minutes = ${minutes} where id = ${deviceId}`;
      return { deviceId };
    },

    /** Says what the device should be; its host brings it there, now or when it is back. */
    async setPower(
      caller: Caller,
      ref: string,
      wish: { power: "running" | "stopped"; cause: Cause },
    ): Promise<{ deviceId: Id; power: "running" | "stopped"; state: DeviceState }> {
      const answer = await database.transaction(async (tx) => {
        const device = await find(tx, caller, ref);
        if (wish.power === "running") await refuseOverLimit(tx, caller);
        const reason = `${wish.power === "running" ? "started" : "stopped"} by ${caller.email}`;
        const draft = await changeDesired(tx, device.id, { power: wish.power, reason });
        if (draft) await emit(tx, [draft], { cause: wish.cause, source });
        return { deviceId: device.id, power: wish.power, state: device.state };
      });
      deps.wake();
      return answer;
    },

    /** Writes down a command for the caller's device, in the caller's transaction; the caller emits the event that asks for it. */
    async command(
      tx: Tx,
      caller: Caller,
      shot: OneShot & { ref: string; cause: Cause },
    ): Promise<{ deviceId: Id; hostId: Id }> {
      const { deviceId, hostId, token } = await running(tx, caller, shot.ref);
      await insertCommand(tx, {
        commandId: shot.commandId,
        deviceId,
        hostId,
        userId: caller.userId,
        type: shot.type,
        data: shot.data,
        token,
        correlationId: shot.cause.correlationId,
      });
      return { deviceId, hostId };
    },

    async create(spec: DeviceSpec, cause: Cause): Promise<{ deviceId: Id }> {
      const deviceId = source.id();
      await database.transaction(async (tx) => {
        await lockPlacement(tx);
        const placement = place({ spec, labels: {} }, [], await offers(tx));
        if (placement.kind !== "create")
          throw new Fault(
            "no_capacity",
            placement.kind === "none" ? placement.reason : "No host has room.",
          );
        const device = { deviceId, hostId: placement.hostId, spec, power: "stopped" as const };
        await emit(tx, await insertDevice(tx, device), { cause, source });
      });
      deps.wake();
      return { deviceId };
    },

    async destroy(caller: Caller, ref: string, cause: Cause): Promise<{ deviceId: Id }> {
      const deviceId = await database.transaction(async (tx) => {
        const device = await find(tx, caller, ref);
        if (device.order_id)
          throw new Fault("conflict", `${device.name} is leased; end its order first.`);
        const draft = await changeDesired(tx, device.id, {
          power: "stopped",
          existence: "absent",
          reason: `destroyed by ${caller.email}`,
        });
        if (draft) await emit(tx, [draft], { cause, source });
        return device.id;
      });
      deps.wake();
      return { deviceId };
    },

    /** A command as its owner sees it; `result` is what its completed event says besides which command it was. */
    async outcome(caller: Caller, commandId: Id) {
      const [row] = await database.query<{
        id: Id;
        type: string;
        device_id: Id;
        state: "pending" | "completed" | "failed" | "timed_out";
        code: string | null;
        reason: string | null;
        result: Record<string, unknown> | null;
      }>`select * from commands where id = ${commandId}
        and (${ownerSeenBy(caller)}::uuid is null or user_id = ${ownerSeenBy(caller)})`;
      if (!row) throw new Fault("not_found", "There is no such command of yours.");
      const { id, type, device_id, state, code, reason, result } = row;
      return { commandId: id, type, deviceId: device_id, state, code, reason, result };
    },
  };
}
export type Devices = ReturnType<typeof createDevices>;
