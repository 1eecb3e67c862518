import type { DeviceSpec } from "@cloudphone/shared/device";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import type { Id } from "@cloudphone/shared/ids";
import type { Tx } from "../../platform/postgres/database.ts";
import type { FreeDevice, Offer } from "./scheduler.ts";

/** Held by whoever hands out or makes devices, until its commit: placements are decided one after the other. */
export async function lockPlacement(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('core.placement'))`;
}

export async function freeDevices(tx: Tx): Promise<FreeDevice[]> {
  const rows = await tx<{ id: Id; host_id: Id; spec: DeviceSpec; running: boolean }>`
    select d.id, d.host_id, d.spec, d.running from devices d join hosts h on h.id = d.host_id
    where d.existence = 'present' and d.clean and h.state = 'connected' and h.drain is null
      and not exists (select 1 from leases l where l.device_id = d.id and upper_inf(l.period))
    order by d.created_at`;
  return rows.map((row) => ({
    deviceId: row.id,
    hostId: row.host_id,
    spec: row.spec,
    running: row.running,
  }));
}

export async function offers(tx: Tx): Promise<Offer[]> {
  const rows = await tx<{ id: Id; providers: ProviderReport[]; used: Record<string, number> }>`
    select h.id, h.providers, coalesce((
      select jsonb_object_agg(provider, n) from (
        select provider, count(*) as n from devices d where d.host_id = h.id and d.existence = 'present' group by provider) u
    ), '{}') as used
    from hosts h where h.state = 'connected' and h.drain is null order by h.created_at`;
  return rows.flatMap((row) =>
    row.providers
      .filter((provider) => provider.available)
      .map((provider) => ({
        hostId: row.id,
        provider: provider.kind,
        labels: provider.labels,
        capacity: provider.capacity,
        used: row.used[provider.kind] ?? 0,
      })),
  );
}

export interface NewDevice {
  readonly deviceId: Id;
  readonly hostId: Id;
  readonly spec: DeviceSpec;
  readonly power: "running" | "stopped";
}

/** Writes a new device down; its host makes it once it hears of it. Returns what to emit. */
export async function insertDevice(tx: Tx, device: NewDevice): Promise<EventDraft[]> {
  const { deviceId, hostId, spec, power } = device;
  // The end of a version 7 UUID is its random part.
  const name = `phone-${deviceId.slice(-6)}`;
  await tx`insert into devices (id, name, host_id, provider, spec, power)
    values (${deviceId}, ${name}, ${hostId}, ${spec.provider}, ${tx.json(spec)}, ${power})`;
  return [
    { type: "device.created", subject: deviceId, data: { deviceId, hostId, name, spec } },
    desiredChanged({
      deviceId,
      hostId,
      revision: 1,
      power,
      existence: "present",
      reason: "created",
    }),
  ];
}

interface DesiredChange {
  readonly deviceId: Id;
  readonly hostId: Id;
  readonly revision: number;
  readonly power: "running" | "stopped";
  readonly existence: "present" | "absent";
  readonly reason: string;
}

export const desiredChanged = (data: DesiredChange): EventDraft<"device.desired.changed"> => ({
  type: "device.desired.changed",
  subject: data.deviceId,
  data,
});

/** Changes what a device should be and returns the event that says so; null when it is so already, or the device is gone. */
export async function changeDesired(
  tx: Tx,
  deviceId: Id,
  change: { power?: "running" | "stopped"; existence?: "absent"; reason: string; force?: boolean },
): Promise<EventDraft<"device.desired.changed"> | null> {
  const [row] = await tx<{
    host_id: Id;
    revision: number;
    power: "running" | "stopped";
    existence: "present" | "absent";
  }>`
    update devices set power = coalesce(${change.power ?? null}, power), existence = coalesce(${change.existence ?? null}, existence),
      revision = revision + 1, updated_at = clock_timestamp()
    where id = ${deviceId} and existence = 'present'
      and (${change.force ?? false} or power <> coalesce(${change.power ?? null}, power) or ${change.existence ?? null}::text is not null)
    returning host_id, revision, power, existence`;
  if (!row) return null;
  return desiredChanged({
    deviceId,
    hostId: row.host_id,
    revision: row.revision,
    power: row.power,
    existence: row.existence,
    reason: change.reason,
  });
}
