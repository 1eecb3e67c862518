import type { CommandType } from "@cloudphone/shared/commands/catalog";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Cause, Consumer } from "../../platform/context.ts";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import { lockQuota, refuseBeyondStorage } from "../accounts/quotas.ts";
import type { CoreDeps } from "../deps.ts";
import { insertCommand } from "../devices/commands.ts";
import type { Devices } from "../devices/devices.ts";

export interface SnapshotInfo {
  readonly snapshotId: Id;
  readonly name: string;
  /** The phone it was taken of; it may be somebody else's by now, or gone. */
  readonly device: string;
  readonly hostId: Id;
  readonly bytes: number | null;
  readonly state: "pending" | "ready" | "failed" | "deleting";
  readonly reason: string | null;
  readonly takenAt: string;
}

interface SnapshotRow {
  id: Id;
  user_id: Id;
  host_id: Id;
  provider: string;
  device_id: Id;
  device: string;
  name: string;
  bytes: number | null;
  state: SnapshotInfo["state"];
  reason: string | null;
  created_at: Date;
}

interface Asked {
  readonly snapshotId: Id;
  readonly commandId: Id;
}

interface Order {
  readonly type: Extract<CommandType, `snapshot.${string}`>;
  readonly commandId: Id;
  readonly snapshotId: Id;
  readonly place: { readonly deviceId: Id; readonly hostId: Id; readonly token: number };
  readonly userId: Id;
  readonly cause: Cause;
}

/** Copies of phones' data. Whose a snapshot is, and where it may be restored, is decided here and nowhere else. */
export function createSnapshots(deps: CoreDeps, devices: Devices) {
  const { database, source } = deps;

  const order = (tx: Tx, wish: Order): Promise<Asked> => give(tx, source, wish);

  return {
    async create(
      tx: Tx,
      caller: Caller,
      wish: { device: string; name: string | null; cause: Cause },
    ): Promise<Asked> {
      const { userId, name, ...place } = await devices.leased(tx, caller, wish.device);
      await refuseUnable(tx, place);
      await lockQuota(tx, userId);
      await refuseBeyondQuota(tx, userId, deps.snapshotsPerCustomer);
      // How large it will be is known once it is there.
      await refuseBeyondStorage(tx, userId, { bytes: 0, everybodys: deps.quotas });
      const snapshotId = source.id();
      await tx`insert into snapshots (id, user_id, host_id, provider, device_id, name)
        values (${snapshotId}, ${userId}, ${place.hostId}, ${place.provider}, ${place.deviceId}, ${wish.name ?? name})`;
      const type = "snapshot.create";
      const { cause } = wish;
      return order(tx, { type, commandId: snapshotId, snapshotId, place, userId, cause });
    },

    /** Replaces all data of a phone that is under the lease of the snapshot's owner, on the snapshot's host. */
    async restore(
      tx: Tx,
      caller: Caller,
      wish: { snapshotId: Id; device: string; cause: Cause },
    ): Promise<Asked> {
      const { snapshotId, cause } = wish;
      const snapshot = await owned(tx, caller, snapshotId);
      if (snapshot.state !== "ready")
        throw new Fault("conflict", `The snapshot is ${snapshot.state}, not ready.`);
      const { userId, name, ...place } = await devices.leased(tx, caller, wish.device);
      if (userId !== snapshot.user_id)
        throw new Fault("forbidden", "A snapshot goes only on a phone that its owner leases.");
      if (place.hostId !== snapshot.host_id || place.provider !== snapshot.provider)
        throw new Fault(
          "conflict",
          `The snapshot lies on another host, or is of another kind, than ${name}; it can't be brought there.`,
        );
      const commandId = source.id();
      return order(tx, { type: "snapshot.restore", commandId, snapshotId, place, userId, cause });
    },

    async remove(tx: Tx, caller: Caller, wish: { snapshotId: Id; cause: Cause }): Promise<Asked> {
      const { snapshotId, cause } = wish;
      const row = await owned(tx, caller, snapshotId);
      if (row.state === "pending")
        throw new Fault("conflict", "The snapshot is being taken; delete it once that has ended.");
      const commandId = source.id();
      await tx`update snapshots set delete_command_id = ${commandId} where id = ${snapshotId}`;
      const place = { deviceId: row.device_id, hostId: row.host_id, token: 0 };
      const userId = row.user_id;
      return order(tx, { type: "snapshot.delete", commandId, snapshotId, place, userId, cause });
    },

    async list(caller: Caller): Promise<SnapshotInfo[]> {
      return (await select(database.query, caller, null)).map(toInfo);
    },
  };
}
export type Snapshots = ReturnType<typeof createSnapshots>;

/** What hosts say of snapshots. A success that comes after the command's deadline counts all the same. */
export const snapshotConsumer: Consumer = {
  name: "core.snapshots",
  on: {
    "snapshot.create.completed": async ({ data }, { tx }) => {
      await tx`update snapshots set bytes = ${data.bytes} where id = ${data.snapshotId} and device_id = ${data.deviceId}`;
    },
    "snapshot.delete.completed": async ({ data }, { tx }) => {
      await tx`delete from snapshots where id = ${data.snapshotId} and device_id = ${data.deviceId}`;
    },
    "host.removed": async ({ data }, { tx }) => {
      await tx`delete from snapshots where host_id = ${data.hostId}`;
    },
  },
};

/** Writes a command down, and the event that asks for it. */
async function give(tx: Tx, source: Source, wish: Order): Promise<Asked> {
  const { type, commandId, snapshotId, place, userId, cause } = wish;
  const { deviceId, hostId, token } = place;
  const asked = { snapshotId };
  const { correlationId } = cause;
  const command = { commandId, deviceId, hostId, token, userId, type, data: asked, correlationId };
  await insertCommand(tx, command);
  const data = { commandId, deviceId, userId, asked };
  const requested = { type: `${type}.requested`, subject: deviceId, data } as EventDraft;
  await emit(tx, [requested], { cause, source });
  return { snapshotId, commandId };
}

async function refuseUnable(
  tx: Tx,
  { hostId, provider }: { hostId: Id; provider: string },
): Promise<void> {
  const [host] = await tx<{ providers: ProviderReport[] }>`
    select providers from hosts where id = ${hostId}`;
  const report = host?.providers.find(({ kind }) => kind === provider);
  if (report?.labels.snapshots !== "true")
    throw new Fault("unsupported", "This kind of phone can't be copied on its host.");
}

async function refuseBeyondQuota(tx: Tx, userId: Id, most: number): Promise<void> {
  const [row] = await tx<{ n: number }>`
    select count(*) as n from snapshots s left join commands c on c.id = s.id
    where s.user_id = ${userId} and (s.bytes is not null or c.state in ('pending', 'completed'))`;
  if ((row?.n ?? 0) >= most)
    throw new Fault(
      "too_large",
      `${most} snapshots are the most; delete one first: \`cloudphone snapshots delete\`.`,
    );
}

async function owned(query: Query, caller: Caller, snapshotId: Id): Promise<SnapshotRow> {
  const [row] = await select(query, caller, snapshotId);
  if (!row)
    throw new Fault(
      "not_found",
      "You have no such snapshot; `cloudphone snapshots list` shows yours.",
    );
  return row;
}

function select(query: Query, caller: Caller, snapshotId: Id | null): Promise<SnapshotRow[]> {
  const owner = ownerSeenBy(caller);
  return query<SnapshotRow>`
    select s.*, d.name as device, c.reason,
      case when e.state in ('pending', 'completed') then 'deleting'
        when s.bytes is not null or c.state = 'completed' then 'ready'
        when c.state = 'pending' then 'pending' else 'failed' end as state
    from snapshots s join devices d on d.id = s.device_id
      left join commands c on c.id = s.id left join commands e on e.id = s.delete_command_id
    where (${owner}::uuid is null or s.user_id = ${owner}) and (${snapshotId}::uuid is null or s.id = ${snapshotId})
    order by s.created_at desc limit 500`;
}

const toInfo = (row: SnapshotRow): SnapshotInfo => ({
  snapshotId: row.id,
  name: row.name,
  device: row.device,
  hostId: row.host_id,
  bytes: row.bytes,
  state: row.state,
  reason: row.state === "failed" ? row.reason : null,
  takenAt: row.created_at.toISOString(),
});
