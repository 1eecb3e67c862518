import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import type { Devices, Placed } from "../devices/devices.ts";
import type { Library } from "./library.ts";

/** Which phones an app is for: some by id or name, all that are on, or all that carry these labels and are on. */
export type Targets =
  | { readonly devices: readonly string[] }
  | { readonly all: true }
  | { readonly labels: Readonly<Record<string, string>> };

export interface BatchItem {
  readonly installationId: Id;
  readonly deviceId: Id;
  readonly device: string;
  readonly status: "waiting" | "installing" | "installed" | "failed" | "cancelled";
  readonly reason: string | null;
}

export interface BatchInfo {
  /** Also the id of its saga. */
  readonly batchId: Id;
  readonly packageName: string;
  readonly requestedAt: string;
  /** Null while it goes on. */
  readonly endedAt: string | null;
  readonly counts: Readonly<Record<BatchItem["status"], number>>;
}

interface BatchRow {
  id: Id;
  package_name: string;
  created_at: Date;
  ended_at: Date | null;
  counts: Partial<Record<BatchItem["status"], number>>;
}

/** A saga's state is kept as one value: this bounds it, and with it every step. */
const maxPhones = 500;

/** Installs on many phones at once. Its saga is `install-batch`; here is what people ask and see of it. */
export function createBatches(deps: CoreDeps, parts: { devices: Devices; library: Library }) {
  const { database, source } = deps;

  return {
    /** Rows and event in the caller's transaction; the saga does the rest. */
    async create(
      tx: Tx,
      caller: Caller,
      wish: { app: string; targets: Targets; parallel: number | null },
    ): Promise<{ batchId: Id; phones: number }> {
      const app = await parts.library.findApp(tx, caller, wish.app);
      const chosen = await choose(tx, parts.devices, { caller, targets: wish.targets });
      if (chosen.length > maxPhones)
        throw new Fault(
          "too_large",
          `These are ${chosen.length} phones; ${maxPhones} at a time is the most.`,
        );
      const batchId = source.id();
      const { userId } = caller;
      const { id: appId, package_name: packageName } = app;
      const items = chosen.map((device) => ({ ...device, commandId: source.id() }));
      await tx`insert into install_batches (id, user_id, app_id, package_name)
        values (${batchId}, ${userId}, ${appId}, ${packageName})`;
      await tx`insert into installations (id, app_id, device_id, user_id, package_name, batch_id)
        select (item ->> 'commandId')::uuid, ${appId}, (item ->> 'deviceId')::uuid, ${userId}, ${packageName}, ${batchId}
        from jsonb_array_elements(${tx.json(items)}) item`;
      const most = deps.installsPerHost;
      const parallel = Math.min(wish.parallel ?? most, most);
      const data = { batchId, userId, appId, packageName, parallel, items };
      await emit(tx, [{ type: "app.batch.requested", subject: batchId, data }], {
        cause: { correlationId: batchId, causationId: null },
        source,
      });
      return { batchId, phones: items.length };
    },

    /** Those whose turn has not come are taken back; harmless when it has ended. */
    async cancel(caller: Caller, batchId: Id): Promise<{ batchId: Id }> {
      await database.transaction(async (tx) => {
        await owned(tx, caller, batchId);
        const data = { batchId, userId: caller.userId };
        await emit(tx, [{ type: "app.batch.cancel.requested", subject: batchId, data }], {
          cause: { correlationId: batchId, causationId: null },
          source,
        });
      });
      deps.wake();
      return { batchId };
    },

    async list(caller: Caller): Promise<BatchInfo[]> {
      return (await select(database.query, caller, null)).map(toInfo);
    },

    async show(
      caller: Caller,
      batchId: Id,
    ): Promise<BatchInfo & { readonly items: readonly BatchItem[] }> {
      const row = await owned(database.query, caller, batchId);
      const items = await itemsOf(database.query, batchId);
      return { ...toInfo(row), items };
    },
  };
}
export type Batches = ReturnType<typeof createBatches>;

async function choose(
  tx: Tx,
  devices: Devices,
  { caller, targets }: { caller: Caller; targets: Targets },
): Promise<Placed[]> {
  if (!("devices" in targets)) {
    const found = await devices.listOn(tx, caller, "labels" in targets ? targets.labels : {});
    if (found.length > 0) return found;
    throw new Fault("not_found", "None of your phones that are switched on is meant by this.");
  }
  const found: Placed[] = [];
  for (const ref of targets.devices) found.push(await devices.place(tx, caller, ref));
  return [...new Map(found.map((device) => [device.deviceId, device])).values()];
}

async function owned(query: Query, caller: Caller, batchId: Id): Promise<BatchRow> {
  const [row] = await select(query, caller, batchId);
  if (!row)
    throw new Fault("not_found", "You have no such batch; `cloudphone apps batches` shows yours.");
  return row;
}

const itemsOf = (query: Query, batchId: Id): Promise<BatchItem[]> => query<BatchItem>`
  select i.id as "installationId", i.device_id as "deviceId", d.name as device, i.reason,
    case when i.state = 'pending' then case when c.id is null then 'waiting' else 'installing' end
      when i.code = 'cancelled' then 'cancelled' when i.state = 'failed' then 'failed' else 'installed' end as status
  from installations i join devices d on d.id = i.device_id left join commands c on c.id = i.id
  where i.batch_id = ${batchId} order by d.name`;

function select(query: Query, caller: Caller, batchId: Id | null): Promise<BatchRow[]> {
  const owner = ownerSeenBy(caller);
  return query<BatchRow>`
    select b.*, (select coalesce(jsonb_object_agg(status, n), '{}') from (
        select case when i.state = 'pending' then case when c.id is null then 'waiting' else 'installing' end
            when i.code = 'cancelled' then 'cancelled' when i.state = 'failed' then 'failed' else 'installed' end as status,
          count(*) as n
        from installations i left join commands c on c.id = i.id where i.batch_id = b.id group by 1) s) as counts
    from install_batches b
    where (${owner}::uuid is null or b.user_id = ${owner}) and (${batchId}::uuid is null or b.id = ${batchId})
    order by b.created_at desc limit 100`;
}

const none = { waiting: 0, installing: 0, installed: 0, failed: 0, cancelled: 0 };

const toInfo = (row: BatchRow): BatchInfo => ({
  batchId: row.id,
  packageName: row.package_name,
  requestedAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  counts: { ...none, ...row.counts },
});
