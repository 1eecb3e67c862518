import type { Tx } from "../postgres/database.ts";

const shadowSchema = "rebuild";

// Names come from the catalog of projections and from the database itself, and are quoted.
const run = (tx: Tx, text: string): Promise<unknown> => tx(Object.assign([text], { raw: [text] }));
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Empty tables of the same form beside the real ones, with the same indexes and constraints by the same names. */
export async function createShadows(tx: Tx, tables: readonly string[]): Promise<void> {
  await run(tx, `create schema if not exists ${shadowSchema}`);
  for (const table of tables) {
    const shadow = `${shadowSchema}.${quoted(table)}`;
    await run(tx, `drop table if exists ${shadow}`);
    await run(
      tx,
      `create table ${shadow} (like public.${quoted(table)} including defaults including generated including storage)`,
    );
    const constraints = await tx<{ name: string; def: string }>`
      select conname as name, pg_get_constraintdef(oid) as def from pg_constraint
      where conrelid = ${`public.${quoted(table)}`}::regclass and contype <> 'n' order by contype desc`;
    for (const { name, def } of constraints)
      await run(tx, `alter table ${shadow} add constraint ${quoted(name)} ${def}`);
    const indexes = await tx<{ def: string }>`
      select pg_get_indexdef(i.indexrelid) as def from pg_index i
      where i.indrelid = ${`public.${quoted(table)}`}::regclass
        and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)`;
    for (const { def } of indexes)
      await run(tx, def.replace(" ON public.", ` ON ${shadowSchema}.`));
  }
}

/** From here to the transaction's end, a projection's table means its shadow; all else is as it was. */
export async function useShadows(tx: Tx): Promise<void> {
  await tx`select set_config('search_path', ${`${shadowSchema}, public`}, true)`;
}

/** Puts the shadows into the places of the real tables, with who may see which rows; whoever reads sees the old ones to the end of their statement, then the new ones. */
export async function swapShadows(tx: Tx, tables: readonly string[]): Promise<void> {
  // Readers come after whoever waits for the table: better to try again than to hold them up behind a slow one.
  await tx`select set_config('lock_timeout', '2s', true)`;
  for (const table of tables) {
    await copyRights(tx, table);
    await run(tx, `drop table public.${quoted(table)}`);
    await run(tx, `alter table ${shadowSchema}.${quoted(table)} set schema public`);
  }
}

interface Policy {
  name: string;
  permissive: string;
  roles: string;
  cmd: string;
  qual: string | null;
  check: string | null;
}

async function copyRights(tx: Tx, table: string): Promise<void> {
  const shadow = `${shadowSchema}.${quoted(table)}`;
  const [row] = await tx<{ secured: boolean; forced: boolean }>`
    select relrowsecurity as secured, relforcerowsecurity as forced from pg_class
    where oid = ${`public.${quoted(table)}`}::regclass`;
  const policies = await tx<Policy>`
    select policyname as name, permissive, cmd, qual, with_check as check,
      (select string_agg(quote_ident(role), ', ') from unnest(roles) role) as roles
    from pg_policies where schemaname = 'public' and tablename = ${table}`;
  for (const { name, permissive, cmd, roles, qual, check } of policies)
    await run(
      tx,
      `create policy ${quoted(name)} on ${shadow} as ${permissive} for ${cmd} to ${roles}${
        qual === null ? "" : ` using (${qual})`
      }${check === null ? "" : ` with check (${check})`}`,
    );
  if (row?.secured) await run(tx, `alter table ${shadow} enable row level security`);
  if (row?.forced) await run(tx, `alter table ${shadow} force row level security`);
  const grants = await tx<{ right: string; grantee: string }>`
    select privilege_type as right, case grantee when 'PUBLIC' then 'public' else quote_ident(grantee) end as grantee
    from information_schema.role_table_grants
    where table_schema = 'public' and table_name = ${table} and grantee <> current_user`;
  for (const { right, grantee } of grants)
    await run(tx, `grant ${right} on ${shadow} to ${grantee}`);
}
