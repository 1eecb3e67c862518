import { commandCatalog } from "@cloudphone/shared/commands/catalog";
import type { Desired, DeviceSpec } from "@cloudphone/shared/device";
import type { Id } from "@cloudphone/shared/ids";
import { desiredTopic, hostTopic } from "@cloudphone/shared/topics";
import type { Consumer, Handlers, HostBus } from "../../platform/context.ts";
import { crashPoint } from "../../platform/crash-point.ts";
import type { Query } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import { type CommandMessage, pendingCommands } from "./commands.ts";

/**
 * Tells hosts what to do. It is driven by the log, never by the request that wrote the row: so a host can't react to something whose cause is
 * not in the log yet. What it sends is always the whole present truth, so sending it twice or late does no harm.
 */
export function dispatchConsumer({ bus }: CoreDeps): Consumer {
  const sendCommand = async (
    { data }: { data: { commandId: Id } },
    { tx }: { tx: Query },
  ): Promise<void> => {
    crashPoint("hub.dispatch.before-publish");
    for (const command of await pendingCommands(tx, { commandId: data.commandId }))
      await publishCommand(bus, command);
    crashPoint("hub.dispatch.after-publish");
  };
  // Each command is asked for by the event of its own name.
  const requests = Object.fromEntries(
    Object.keys(commandCatalog).map((type) => [`${type}.requested`, sendCommand]),
  ) as Handlers;
  return {
    name: "core.dispatch",
    on: {
      "device.desired.changed": async ({ data }, { tx }) => {
        crashPoint("hub.dispatch.before-publish");
        for (const desired of await desiredOf(tx, { deviceId: data.deviceId }))
          await publishDesired(bus, desired);
        crashPoint("hub.dispatch.after-publish");
      },
      "device.destroyed": async ({ data }, { tx }) => {
        const [row] = await tx<{ host_id: Id }>`
          select host_id from devices where id = ${data.deviceId} and existence = 'absent'`;
        // An empty retained message clears the topic: nothing is left to say about it.
        if (row)
          await bus.publish(desiredTopic(row.host_id, data.deviceId), null, { retain: true });
      },
      ...requests,
    },
  };
}

/** All that a host should know, when its link opens: a broker that was restarted has forgotten what it retained. */
export async function greetHost({ bus, database }: CoreDeps, hostId: Id): Promise<void> {
  for (const desired of await desiredOf(database.query, { hostId }))
    await publishDesired(bus, desired);
  for (const command of await pendingCommands(database.query, { hostId }))
    await publishCommand(bus, command);
}

const publishDesired = (bus: HostBus, desired: Desired): Promise<void> =>
  bus.publish(desiredTopic(desired.hostId, desired.deviceId), desired, { retain: true });

const publishCommand = (bus: HostBus, { hostId, message }: CommandMessage): Promise<void> =>
  bus.publish(hostTopic(hostId, "commands"), message, { retain: false });

interface DesiredRow {
  id: Id;
  host_id: Id;
  name: string;
  revision: number;
  existence: "present" | "absent";
  power: "running" | "stopped";
  spec: DeviceSpec;
  recording_days: number | null;
  token: number;
  lease_id: Id | null;
  order_id: Id | null;
  user_id: Id | null;
  lease_token: number | null;
  term: number | null;
  remaining_ms: number | null;
}

async function desiredOf(
  query: Query,
  which: { deviceId: Id } | { hostId: Id },
): Promise<Desired[]> {
  const deviceId = "deviceId" in which ? which.deviceId : null;
  const hostId = "hostId" in which ? which.hostId : null;
  const rows = await query<DesiredRow>`
    select d.id, d.host_id, d.name, d.revision, d.existence, d.power, d.spec, d.recording_days, d.token,
      l.id as lease_id, l.order_id, l.user_id, l.token as lease_token, l.term,
      case when l.expires_at is not null
        then greatest(0, floor(extract(epoch from l.expires_at - clock_timestamp()) * 1000))::bigint end as remaining_ms
    from devices d left join leases l on l.device_id = d.id and upper_inf(l.period)
    where (${deviceId}::uuid is null or d.id = ${deviceId})
      and (${hostId}::uuid is null or (d.host_id = ${hostId} and (d.existence = 'present' or d.state <> 'destroyed')))`;
  return rows.map((row) => ({
    v: 1,
    deviceId: row.id,
    hostId: row.host_id,
    name: row.name,
    revision: row.revision,
    existence: row.existence,
    power: row.power,
    spec: row.spec,
    ...(row.recording_days === null ? {} : { recordingDays: row.recording_days }),
    token: row.token,
    lease:
      row.lease_id && row.order_id && row.user_id
        ? {
            leaseId: row.lease_id,
            orderId: row.order_id,
            userId: row.user_id,
            token: row.lease_token ?? row.token,
            remainingMs: row.remaining_ms,
            term: row.term ?? 1,
          }
        : null,
    correlationId: row.order_id ?? row.id,
  }));
}
