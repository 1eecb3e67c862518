import type { LeaseRef } from "@cloudphone/shared/device";
import { parseHostStream } from "@cloudphone/shared/envelope";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Query } from "../../platform/postgres/database.ts";
import { cutIntoDays, type Days } from "../days.ts";

interface Told {
  readonly runId: Id;
  readonly deviceId: Id;
  readonly lease: LeaseRef | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

/**
 * How long each phone ran on which day, on which host, and for a customer or not. A run is told by its host each minute and at its end; what is new of it is added, so
 * a length that comes twice, late or shorter adds nothing. The length is the host's monotonic clock's, its days are those of its wall clock.
 */
export const utilisation: Consumer = {
  name: "analytics.utilisation",
  tables: ["counted_runs", "device_days", "host_capacities"],
  on: {
    "device.usage.confirmed": ({ stream, data }, context) => count(context, stream, data),
    "device.stopped": ({ stream, data }, context) => count(context, stream, data),
    "host.started": ({ data }, { tx }) => capacity(tx, data.hostId, data.providers),
    "host.providers.changed": ({ data }, { tx }) => capacity(tx, data.hostId, data.providers),
    "host.removed": async ({ data }, { tx }) => {
      await tx`delete from host_capacities where host_id = ${data.hostId}`;
    },
  },
};

async function count({ tx }: HandlerContext, stream: string, told: Told): Promise<void> {
  const { runId, deviceId, lease, startedAt, durationMs } = told;
  const hostId = parseHostStream(stream)?.hostId ?? "unknown";
  const [known] = await tx<{ counted_ms: number }>`
    select counted_ms from counted_runs where run_id = ${runId} for update`;
  const countedMs = known?.counted_ms ?? 0;
  if (durationMs <= countedMs) return;
  await tx`
    insert into counted_runs (run_id, device_id, host_id, counted_ms) values (${runId}, ${deviceId}, ${hostId}, ${durationMs})
    on conflict (run_id) do update set counted_ms = excluded.counted_ms`;
  const begunMs = Date.parse(startedAt);
  for (const { day, ms } of cutIntoDays(begunMs + countedMs, begunMs + durationMs))
    await tx`
      insert into device_days as d (day, device_id, host_id, running_ms, rented_ms)
      values (${day}::date, ${deviceId}, ${hostId}, ${ms}, ${lease ? ms : 0})
      on conflict (day, device_id, host_id) do update set
        running_ms = d.running_ms + excluded.running_ms, rented_ms = d.rented_ms + excluded.rented_ms`;
}

async function capacity(
  tx: Query,
  hostId: Id,
  providers: readonly ProviderReport[],
): Promise<void> {
  const phones = providers
    .filter(({ available }) => available)
    .reduce((sum, provider) => sum + provider.capacity, 0);
  await tx`
    insert into host_capacities (host_id, capacity) values (${hostId}, ${phones})
    on conflict (host_id) do update set capacity = excluded.capacity`;
}

export type UtilisationBy = "day" | "device" | "host";

export interface UtilisationLine {
  /** The day, or the device's or the host's id. */
  readonly key: string;
  readonly runningMs: number;
  readonly rentedMs: number;
  /** Days on which anything ran, and phones that did. */
  readonly days: number;
  readonly devices: number;
  /** Of hosts: phones that they offer now; null: nothing, or of something else. */
  readonly capacity: number | null;
  /** Rented time as a share of what these phones (of a host: all that it offers) could have been rented on those days. */
  readonly share: number;
}

/** Days newest first; devices and hosts the busiest first. */
export async function listUtilisation(
  query: Query,
  { by, from, to, limit }: Days & { by: UtilisationBy; limit: number },
): Promise<UtilisationLine[]> {
  return query<UtilisationLine>`
    select key, running_ms as "runningMs", rented_ms as "rentedMs", days, devices, capacity,
      (rented_ms / (86400000.0 * days * greatest(capacity, devices)))::float8 as share
    from (
      select key, sum(running_ms)::bigint as running_ms, sum(rented_ms)::bigint as rented_ms,
        count(distinct day)::int as days, count(distinct device_id)::int as devices,
        case when ${by}::text = 'host' then (select c.capacity from host_capacities c where c.host_id = key) end as capacity
      from (
        select *, case ${by}::text when 'day' then to_char(day, 'YYYY-MM-DD') when 'device' then device_id::text else host_id end as key
        from device_days where (${from}::date is null or day >= ${from}) and (${to}::date is null or day <= ${to})
      ) d group by key
    ) sums order by case when ${by}::text = 'day' then key end desc, rented_ms desc, key limit ${limit}`;
}
