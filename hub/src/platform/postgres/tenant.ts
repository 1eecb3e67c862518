import { AsyncLocalStorage } from "node:async_hooks";
import type { Id } from "@cloudphone/shared/ids";
import type { Tx } from "./database.ts";

/**
 * The second wall between customers, behind what each query says itself: whatever is done for a customer's call is done on sessions that name the customer, and
 * PostgreSQL's row-level security shows those no row of another's, and lets none be written. Work that is nobody's (consumers, timers, staff) names none
 * and sees all. Which customer it is, is carried by the call, so no procedure can forget it.
 */
const tenants = new AsyncLocalStorage<Id | null>();

/** Does `work`, and all that it waits for, as this customer; null: as the platform itself. */
export const asTenant = <T>(userId: Id | null, work: () => T): T => tenants.run(userId, work);

export const currentTenant = (): Id | null => tenants.getStore() ?? null;

/** `source`, each of whose steps is done as this customer: a generator's body runs when it is asked for the next, not when it was made. */
export function iterateAsTenant<T>(userId: Id | null, source: AsyncIterable<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const steps = asTenant(userId, () => source[Symbol.asyncIterator]());
      return {
        next: () => asTenant(userId, () => steps.next()),
        return: async (value?: unknown) =>
          (await asTenant(userId, () => steps.return?.(value))) ?? { done: true, value: undefined },
      };
    },
  };
}

/**
 * Puts every table that says whose its rows are (by a column `user_id`; null: nobody's in particular) behind the wall, and those few that say it by another row. Run
 * after the migrations, so that a new table is behind it by itself; again and again without harm. The tables' owner is held by it as well.
 */
export async function raiseWall(tx: Tx): Promise<void> {
  await tx`create or replace function tenant() returns uuid language sql stable as
    $$ select nullif(current_setting('cloudphone.tenant', true), '')::uuid $$`;
  await tx`
    do $$
    declare
      wall record;
    begin
      for wall in
        select c.oid::regclass as name, coalesce(special.rule, 'user_id is null or user_id = tenant()') as rule
        from pg_class c
          left join (values
            ('users', 'id = tenant()'),
            ('devices', 'exists (select from leases l where l.device_id = devices.id and l.user_id = tenant())'),
            ('webhook_deliveries', 'exists (select from webhooks w where w.id = webhook_id)')
          ) special (name, rule) on special.name = c.relname
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
          and (special.rule is not null
            or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped))
          and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant')
      loop
        execute format('create policy tenant on %s using (tenant() is null or %s)', wall.name, wall.rule);
        execute format('alter table %s enable row level security', wall.name);
        execute format('alter table %s force row level security', wall.name);
      end loop;
    end
    $$`;
}
