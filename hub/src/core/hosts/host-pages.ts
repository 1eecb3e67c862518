import type { HostCapacity, HostFinding, ProviderReport } from "@cloudphone/shared/events/host";
import { Fault } from "@cloudphone/shared/fault";
import { type Id, idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import type { Query } from "../../platform/postgres/database.ts";
import { likeText } from "../../platform/postgres/like.ts";
import { type CheckColumns, healthOf, type HostHealth } from "./checks.ts";
import type { Drain } from "./drain.ts";
import { type HostState, hostStates } from "./host-state.ts";

/** What a long list of hosts is narrowed down to. */
export const hostPageSchema = z
  .object({
    ids: z.array(idSchema).max(1000).optional(),
    /** Part of a name, or the beginning of an id. */
    search: z.string().trim().max(100).optional(),
    state: z.enum(hostStates).optional(),
    /** The last host of the page before. */
    after: idSchema.optional(),
    limit: z.int().min(1).max(1000).default(100),
  })
  .default({ limit: 100 });

export interface HostInfo {
  readonly hostId: Id;
  readonly name: string;
  readonly state: HostState | "removed";
  readonly providers: readonly ProviderReport[];
  readonly agentVersion: string | null;
  readonly lastSeenAt: string | null;
  readonly devices: number;
  readonly health: HostHealth | null;
  /** It is being emptied: nothing new is placed there. */
  readonly drain: {
    readonly leases: string;
    readonly reason: string;
    readonly since: string;
  } | null;
  /** Phones there that somebody has. */
  readonly leases: number;
}

interface HostRow extends CheckColumns {
  readonly id: Id;
  readonly name: string;
  readonly state: HostState | "removed";
  readonly providers: ProviderReport[];
  readonly agent_version: string | null;
  readonly last_seen_at: Date | null;
  readonly devices: number;
  readonly drain: Drain | null;
  readonly leases: number;
}

type HostPage = z.infer<typeof hostPageSchema>;

/** In the order in which they came; a page goes on behind a host. */
export async function pageHosts(query: Query, page: HostPage): Promise<HostInfo[]> {
  return (await selectHosts(query, page)).map(toInfo);
}

/** `called`: those of exactly that name or id. */
function selectHosts(query: Query, page: HostPage & { readonly called?: string }) {
  const { ids = null, search, state = null, called = null, after = null, limit } = page;
  const like = likeText(search);
  return query<HostRow>`
    select h.id, h.name, h.state, h.providers, h.agent_version, h.last_seen_at, h.findings, h.room, h.checked_at, h.drain,
      (select count(*) from devices d join leases l on l.device_id = d.id and upper_inf(l.period) where d.host_id = h.id) as leases,
      (select count(*) from devices d where d.host_id = h.id and d.existence = 'present') as devices
    from hosts h where h.state <> 'removed'
      and (${ids}::uuid[] is null or h.id = any(${ids}::uuid[]))
      and (${like}::text is null or h.name ilike '%' || ${like} || '%' or h.id::text like ${like} || '%')
      and (${state}::text is null or h.state = ${state})
      and (${called}::text is null or h.name = ${called} or h.id::text = ${called})
      and (${after}::uuid is null or (h.created_at, h.id) > (select b.created_at, b.id from hosts b where b.id = ${after}))
    order by h.created_at, h.id limit ${limit}`;
}

const toInfo = (row: HostRow): HostInfo => ({
  hostId: row.id,
  name: row.name,
  state: row.state,
  providers: row.providers,
  agentVersion: row.agent_version,
  lastSeenAt: row.last_seen_at?.toISOString() ?? null,
  devices: row.devices,
  health: healthOf(row),
  drain: row.drain && {
    leases: row.drain.leases,
    reason: row.drain.reason,
    since: row.drain.since,
  },
  leases: row.leases,
});

export interface HostDetail extends HostInfo {
  readonly findings: readonly HostFinding[];
  readonly room: HostCapacity | null;
}

/** One host with all that was found of it; `host` is its id or its name. A name that two hosts have is refused. */
export async function showHost(query: Query, host: string): Promise<HostDetail> {
  const called = await selectHosts(query, { called: host, limit: 2 });
  const [found] = called;
  if (!found) throw new Fault("not_found", `There is no host ${host}; see \`cloudphone hosts\`.`);
  if (called.length > 1)
    throw new Fault("conflict", `Several hosts are called ${host}; name one by its id.`);
  return { ...toInfo(found), findings: found.findings ?? [], room: found.room };
}

export interface HostCounts {
  readonly total: number;
  readonly byState: Readonly<Partial<Record<HostState, number>>>;
}

/** How many hosts there are, and how many of them are in each state. */
export async function countHosts(query: Query): Promise<HostCounts> {
  const rows = await query<{ state: HostState; n: number }>`
    select state, count(*) as n from hosts where state <> 'removed' group by state`;
  return {
    total: rows.reduce((sum, { n }) => sum + n, 0),
    byState: Object.fromEntries(rows.map(({ state, n }) => [state, n])),
  };
}
