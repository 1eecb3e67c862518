import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Query } from "../../platform/postgres/database.ts";
import type { Days } from "../days.ts";

/** Each install from the click to its outcome, by the log's clock; downloading and the phone's own part as its host measured them. */
export const installs: Consumer = {
  name: "analytics.installs",
  tables: ["installs"],
  on: {
    "app.install.requested": async ({ data, recordedAt }, { tx }) => {
      await tx`
        insert into installs (command_id, user_id, package_name, requested_at)
        values (${data.commandId}, ${data.userId}, ${data.packageName}, ${recordedAt}::timestamptz) on conflict do nothing`;
    },
    "app.install.completed": ({ data, recordedAt }, context) =>
      end(context, { ...data, recordedAt, code: "ok" }),
    "app.install.failed": ({ data, recordedAt }, context) =>
      end(context, { ...data, recordedAt, downloadMs: null, installMs: null }),
  },
};

interface End {
  readonly commandId: Id;
  readonly recordedAt: string;
  readonly code: string;
  readonly downloadMs: number | null;
  readonly installMs: number | null;
}

async function end({ tx }: HandlerContext, ended: End): Promise<void> {
  const { commandId, recordedAt, code, downloadMs, installMs } = ended;
  await tx`
    update installs set code = ${code}, download_ms = ${downloadMs}, install_ms = ${installMs},
      took_ms = round(extract(epoch from ${recordedAt}::timestamptz - requested_at) * 1000)
    where command_id = ${commandId} and code is null`;
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
