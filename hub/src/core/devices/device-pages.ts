import { deviceStates } from "@cloudphone/shared/device";
import { z } from "zod";
import type { Query } from "../../platform/postgres/database.ts";
import { likeText } from "../../platform/postgres/like.ts";
import type { Batteries } from "./batteries.ts";
import { type DeviceInfo, type DeviceRow, toInfo } from "./devices.ts";

/** What a long list of devices is narrowed down to. */
export const devicePageSchema = z
  .object({
    /** Part of a name, or the beginning of an id. */
    search: z.string().trim().max(100).optional(),
    state: z.enum(deviceStates).optional(),
    hostId: z.uuid().optional(),
    leased: z.boolean().optional(),
    /** The last device of the page before. */
    before: z.uuid().optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .default({ limit: 100 });

type DevicePage = z.infer<typeof devicePageSchema>;

/** A device as staff see it: customers are not told how hosts are called. */
export interface ListedDevice extends DeviceInfo {
  readonly hostName: string;
}

/** Staff's view of all devices, newest first; a page goes on behind a device, however many came or went meanwhile. */
export async function pageDevices(
  query: Query,
  batteries: Batteries,
  page: DevicePage,
): Promise<ListedDevice[]> {
  const { search, state = null, hostId = null, leased = null, before = null, limit } = page;
  const like = likeText(search);
  const rows = await query<DeviceRow & { host_name: string }>`
    select d.*, h.name as host_name, h.state as host_state, h.recording_days as host_recording_days, l.id as lease_id, l.order_id, l.user_id, lower(l.period) as since, l.expires_at
    from devices d join hosts h on h.id = d.host_id
      left join leases l on l.device_id = d.id and upper_inf(l.period)
    where d.existence = 'present'
      and (${like}::text is null or d.name ilike '%' || ${like} || '%' or d.id::text like ${like} || '%')
      and (${state}::text is null or d.state = ${state}) and (${hostId}::uuid is null or d.host_id = ${hostId})
      and (${leased}::boolean is null or (l.id is not null) = ${leased})
      and (${before}::uuid is null
        or (d.created_at, d.id) < (select b.created_at, b.id from devices b where b.id = ${before}))
    order by d.created_at desc, d.id desc limit ${limit}`;
  return rows.map((row) => ({ ...toInfo(row, batteries), hostName: row.host_name }));
}

export interface DeviceCounts {
  readonly total: number;
  readonly leased: number;
  readonly byState: Readonly<Record<string, number>>;
}

/** How many devices there are, and how many of them are in each state. */
export async function countDevices(query: Query): Promise<DeviceCounts> {
  const rows = await query<{ state: string; n: number; leased: number }>`
    select d.state, count(*) as n, count(l.id) as leased
    from devices d left join leases l on l.device_id = d.id and upper_inf(l.period)
    where d.existence = 'present' group by d.state`;
  const sum = (of: (row: { n: number; leased: number }) => number): number =>
    rows.reduce((total, row) => total + of(row), 0);
  return {
    total: sum(({ n }) => n),
    leased: sum(({ leased }) => leased),
    byState: Object.fromEntries(rows.map(({ state, n }) => [state, n])),
  };
}
