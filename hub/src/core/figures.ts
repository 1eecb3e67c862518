import type { Figure } from "../platform/context.ts";
import type { Database } from "../platform/postgres/database.ts";

/** What core tells monitoring: hosts, phones, what is free, what is asked for, who reaches in. */
export function coreFigures({ query }: Database): Figure[] {
  const labelled = (rows: readonly { label: string; n: number }[]) =>
    rows.map(({ label, n }) => ({ labels: [label], value: n }));
  const one = (rows: readonly { n: number }[]) => [{ labels: [], value: rows[0]?.n ?? 0 }];
  return [
    {
      name: "hosts",
      help: "Hosts by state, without those that were removed.",
      labels: ["state"],
      read: async () =>
        labelled(
          await query`select state as label, count(*) as n from hosts where state <> 'removed' group by state`,
        ),
    },
    {
      name: "phones",
      help: "Phones by what their hosts last said.",
      labels: ["state"],
      read: async () =>
        labelled(
          await query`select state as label, count(*) as n from devices where existence = 'present' group by state`,
        ),
    },
    {
      name: "pool_phones",
      help: "Phones that are on, clean and without a lease: what a customer gets at once.",
      labels: [],
      read: async () =>
        one(
          await query`
            select count(*) as n from devices d join hosts h on h.id = d.host_id
            where d.existence = 'present' and d.clean and d.running and h.state = 'connected'
              and not exists (select 1 from leases l where l.device_id = d.id and upper_inf(l.period))`,
        ),
    },
    {
      name: "commands_pending",
      help: "Commands that wait for their outcome.",
      labels: [],
      read: async () =>
        one(await query`select count(*) as n from commands where state = 'pending'`),
    },
    {
      name: "relay_sessions",
      help: "Sessions into phones that are open.",
      labels: [],
      read: async () =>
        one(await query`select count(*) as n from sessions where closed_at is null`),
    },
  ];
}
