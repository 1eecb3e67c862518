import type { DeviceSpec } from "@cloudphone/shared/device";
import { deviceSpecSchema } from "@cloudphone/shared/device";
import { z } from "zod";
import { needs, router } from "../../platform/http/trpc.ts";
import type { Query } from "../../platform/postgres/database.ts";
import type { CoreDeps, WarmPool } from "../deps.ts";
import { specText } from "./scheduler.ts";

export interface PoolInfo extends WarmPool {
  /** Free phones of the kind that are there and switched on, or to be. */
  readonly on: number;
  readonly changedBy: string | null;
}

/** The pools that are kept: those of the configuration, unless an operator has said otherwise of the same phone, and those that operators have made. */
export async function wantedPools(
  query: Query,
  configured: readonly WarmPool[],
): Promise<(WarmPool & { changedBy: string | null })[]> {
  const rows = await query<{ phone: string; spec: DeviceSpec; target: number; changedBy: string }>`
    select phone, spec, target, changed_by as "changedBy" from warm_pools order by changed_at`;
  const said = new Set(rows.map(({ phone }) => phone));
  const kept = configured.filter(({ spec }) => !said.has(specText(spec)));
  return [
    ...kept.map((pool) => ({ ...pool, changedBy: null })),
    ...rows.map(({ phone: _phone, ...pool }) => pool),
  ];
}

/** How many phones of each kind wait, on and free, for a customer. */
export function poolsRouter({ database, warmPools }: CoreDeps) {
  return router({
    list: needs("hosts.read").query(async (): Promise<PoolInfo[]> => {
      const pools = await wantedPools(database.query, warmPools);
      const free = await database.query<{ spec: DeviceSpec }>`
        select d.spec from devices d where d.existence = 'present' and d.clean and d.power = 'running'
          and not exists (select 1 from leases l where l.device_id = d.id and upper_inf(l.period))`;
      const texts = free.map(({ spec }) => specText(spec));
      return pools.map((pool) => {
        const text = specText(pool.spec);
        return { ...pool, on: texts.filter((one) => one === text).length };
      });
    }),
    /** From its next look on, within a second or two; 0 keeps none. */
    set: needs("devices.create")
      .input(z.object({ spec: deviceSpecSchema, target: z.int().min(0).max(10_000) }))
      .mutation(async ({ input: { spec, target }, ctx }) => {
        await database.query`
          insert into warm_pools (phone, spec, target, changed_by)
          values (${specText(spec)}, ${database.query.json(spec)}, ${target}, ${ctx.caller.email})
          on conflict (phone) do update set target = excluded.target, changed_by = excluded.changed_by, changed_at = clock_timestamp()`;
        return { target };
      }),
  });
}
