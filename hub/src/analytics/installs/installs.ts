import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { projection } from "../../platform/projections/projection.ts";
import type { Days } from "../days.ts";

interface Install {
  readonly user_id: Id;
  readonly package_name: string;
  readonly requested_at: string;
  code: string | null;
  took_ms: number | null;
  download_ms: number | null;
  install_ms: number | null;
}

/** Each install from the click to its outcome, by the log's clock; downloading and the phone's own part as its host measured them. */
export const installs = projection({
  name: "analytics.installs",
  tables: ["installs"],
  of: ["app.install.requested", "app.install.completed", "app.install.failed"],
  async fold(tx, events) {
    const known = await knownInstalls(tx, [...new Set(events.map(({ data }) => data.commandId))]);
    const changed = new Map<Id, Install>();
    for (const { type, data, recordedAt } of events) {
      const install = known.get(data.commandId);
      if (type === "app.install.requested") {
        if (install) continue;
        known.set(data.commandId, asked(data, recordedAt));
      } else {
        if (!install || install.code !== null) continue;
        install.code = type === "app.install.completed" ? "ok" : data.code;
        install.took_ms = Date.parse(recordedAt) - Date.parse(install.requested_at);
        install.download_ms = type === "app.install.completed" ? data.downloadMs : null;
        install.install_ms = type === "app.install.completed" ? data.installMs : null;
      }
      changed.set(data.commandId, known.get(data.commandId) as Install);
    }
    await store(tx, changed);
  },
});

const asked = (
  { userId, packageName }: { userId: Id; packageName: string },
  recordedAt: string,
): Install => ({
  ...{ user_id: userId, package_name: packageName, requested_at: recordedAt },
  ...{ code: null, took_ms: null, download_ms: null, install_ms: null },
});

async function knownInstalls(tx: Query, ids: readonly Id[]): Promise<Map<Id, Install>> {
  const rows = await tx<Omit<Install, "requested_at"> & { command_id: Id; requested_at: Date }>`
    select * from installs where command_id = any(${ids}::uuid[]) order by command_id for update`;
  return new Map(
    rows.map(({ command_id: id, requested_at: at, ...row }) => [
      id,
      { ...row, requested_at: at.toISOString() },
    ]),
  );
}

async function store(tx: Query, changed: ReadonlyMap<Id, Install>): Promise<void> {
  if (changed.size === 0) return;
  const rows = [...changed].map(([command_id, install]) => ({ command_id, ...install }));
  await tx`
    insert into installs (command_id, user_id, package_name, requested_at, took_ms, download_ms, install_ms, code)
    select * from jsonb_to_recordset(${tx.json(rows)}) as i(command_id uuid, user_id uuid, package_name text,
      requested_at timestamptz, took_ms bigint, download_ms bigint, install_ms bigint, code text)
    on conflict (command_id) do update set took_ms = excluded.took_ms, download_ms = excluded.download_ms,
      install_ms = excluded.install_ms, code = excluded.code`;
}

export type InstallsBy = "day" | "app";

export interface InstallLine {
  /** The day it was asked for, or the package. */
  readonly key: string;
  readonly asked: number;
  readonly installed: number;
  readonly failed: number;
  /** Of those that ended; null: none did. */
  readonly successShare: number | null;
  /** From the click to the phone's answer, of those that were installed. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly downloadP50Ms: number | null;
  readonly installP50Ms: number | null;
  readonly failures: Readonly<Record<string, number>>;
}

/** Days newest first; apps the most wanted first. */
export async function listInstalls(
  query: Query,
  { by, from, to, limit }: Days & { by: InstallsBy; limit: number },
): Promise<InstallLine[]> {
  return query<InstallLine>`
    with picked as (
      select *, case ${by}::text when 'day' then to_char(requested_at at time zone 'UTC', 'YYYY-MM-DD') else package_name end as key
      from installs where (${from}::date is null or requested_at >= ${from}::date::timestamp at time zone 'UTC')
        and (${to}::date is null or requested_at < (${to}::date + 1)::timestamp at time zone 'UTC')
    ), why as (
      select key, jsonb_object_agg(code, n) as failures
      from (select key, code, count(*) as n from picked where code <> 'ok' group by key, code) f group by key
    )
    select key, count(*)::int as asked, count(*) filter (where code = 'ok')::int as installed,
      count(*) filter (where code <> 'ok')::int as failed,
      (count(*) filter (where code = 'ok'))::float8 / nullif(count(code), 0) as "successShare",
      percentile_disc(0.5) within group (order by took_ms) filter (where code = 'ok') as "p50Ms",
      percentile_disc(0.95) within group (order by took_ms) filter (where code = 'ok') as "p95Ms",
      percentile_disc(0.5) within group (order by download_ms) filter (where code = 'ok') as "downloadP50Ms",
      percentile_disc(0.5) within group (order by install_ms) filter (where code = 'ok') as "installP50Ms",
      coalesce((select failures from why where why.key = picked.key), '{}') as failures
    from picked group by key
    order by case when ${by}::text = 'day' then key end desc, asked desc, key limit ${limit}`;
}
