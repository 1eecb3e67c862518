import { parseHostStream } from "@cloudphone/shared/envelope";
import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { projection } from "../../platform/projections/projection.ts";
import { cutIntoDays, type Days } from "../days.ts";
import { Sums } from "../sums.ts";

interface Counted {
  readonly device_id: Id;
  readonly host_id: string;
  counted_ms: number;
}

type RunEvent = RecordedEvent<"device.usage.confirmed" | "device.stopped">;

/**
 * How long each phone ran on which day, on which host, and for a customer or not. A run is told by its host each minute and at its end; what is new of it is added, so
 * a length that comes twice, late or shorter adds nothing. The length is the host's monotonic clock's, its days are those of its wall clock.
 */
export const utilisation = projection({
  name: "analytics.utilisation",
  tables: ["counted_runs", "device_days", "host_capacities"],
  of: [
    "device.usage.confirmed",
    "device.stopped",
    "host.started",
    "host.providers.changed",
    "host.removed",
  ],
  async fold(tx, events) {
    const told: RunEvent[] = [];
    /** Null: the host is no more. */
    const capacities = new Map<Id, number | null>();
    for (const event of events) {
      if (event.type === "device.usage.confirmed" || event.type === "device.stopped")
        told.push(event);
      else if (event.type === "host.removed") capacities.set(event.data.hostId, null);
      else capacities.set(event.data.hostId, phonesOf(event.data.providers));
    }
    if (told.length > 0) await count(tx, told);
    if (capacities.size > 0) await storeCapacities(tx, capacities);
  },
});

async function count(tx: Query, told: readonly RunEvent[]): Promise<void> {
  const runs = await countedBefore(tx, [...new Set(told.map(({ data }) => data.runId))]);
  const changed = new Set<Id>();
  const sums = new Sums();
  for (const { stream, data } of told) {
    const { runId, deviceId, lease, startedAt, durationMs } = data;
    const hostId = parseHostStream(stream)?.hostId ?? "unknown";
    const run = runs.get(runId) ?? { device_id: deviceId, host_id: hostId, counted_ms: 0 };
    if (durationMs <= run.counted_ms) continue;
    const begunMs = Date.parse(startedAt);
    for (const { day, ms } of cutIntoDays(begunMs + run.counted_ms, begunMs + durationMs))
      sums.add(
        { day, device_id: deviceId, host_id: hostId },
        { running_ms: ms, rented_ms: lease ? ms : 0 },
      );
    run.counted_ms = durationMs;
    runs.set(runId, run);
    changed.add(runId);
  }
  if (changed.size === 0) return;
  const rows = [...changed].map((run_id) => ({ run_id, ...runs.get(run_id) }));
  await tx`
    insert into counted_runs (run_id, device_id, host_id, counted_ms)
    select * from jsonb_to_recordset(${tx.json(rows)}) as r(run_id uuid, device_id uuid, host_id text, counted_ms bigint)
    on conflict (run_id) do update set counted_ms = excluded.counted_ms`;
  await tx`
    insert into device_days as d (day, device_id, host_id, running_ms, rented_ms)
    select * from jsonb_to_recordset(${tx.json(sums.rows())}) as s(
      day date, device_id uuid, host_id text, running_ms bigint, rented_ms bigint)
    on conflict (day, device_id, host_id) do update set
      running_ms = d.running_ms + excluded.running_ms, rented_ms = d.rented_ms + excluded.rented_ms`;
}

async function countedBefore(tx: Query, runs: readonly Id[]): Promise<Map<Id, Counted>> {
  const rows = await tx<Counted & { run_id: Id }>`
    select * from counted_runs where run_id = any(${runs}::uuid[]) order by run_id for update`;
  return new Map(rows.map(({ run_id: id, ...run }) => [id, run]));
}

const phonesOf = (providers: readonly ProviderReport[]): number =>
  providers
    .filter(({ available }) => available)
    .reduce((sum, provider) => sum + provider.capacity, 0);

async function storeCapacities(
  tx: Query,
  capacities: ReadonlyMap<Id, number | null>,
): Promise<void> {
  const gone = [...capacities].flatMap(([hostId, phones]) => (phones === null ? [hostId] : []));
  if (gone.length > 0) await tx`delete from host_capacities where host_id = any(${gone}::text[])`;
  const rows = [...capacities]
    .filter(([, phones]) => phones !== null)
    .map(([host_id, capacity]) => ({ host_id, capacity }));
  if (rows.length > 0)
    await tx`
      insert into host_capacities (host_id, capacity)
      select * from jsonb_to_recordset(${tx.json(rows)}) as h(host_id text, capacity int)
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
