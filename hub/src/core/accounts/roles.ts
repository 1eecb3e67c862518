import { Fault } from "@cloudphone/shared/fault";
import { builtInRoles, mayAll, type Permission } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Database, Query } from "../../platform/postgres/database.ts";
import { permissionsIn } from "./people.ts";
import type { SignIns } from "./sign-ins.ts";

export interface RoleInfo {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
  /** It came with the platform, and stays as it is. */
  readonly builtIn: boolean;
  /** How many accounts have it. */
  readonly accounts: number;
}

interface RoleRow {
  name: string;
  description: string | null;
  permissions: string[] | null;
  accounts: number;
}

const maxRoles = 100;
const described: Readonly<Record<string, string>> = {
  customer: "rents phones and sees their own things",
  operator: "runs the service for everybody",
  admin: "may do everything",
};

/** Roles: what came with the platform, and what administrators compose of the same permissions. */
export function createRoles({ query, transaction }: Database, signIns: SignIns) {
  return {
    list: () => list(query),

    /** Makes a role, or changes what one may do: for those who have it, from their next call on. */
    async save(
      caller: Caller,
      role: { name: string; description: string; permissions: readonly Permission[] },
    ): Promise<RoleInfo> {
      const { name, description } = role;
      const wanted = [...new Set(role.permissions)];
      refuseBuiltIn(name);
      refuseBeyond(caller, wanted);
      if (caller.role === name)
        throw new Fault("forbidden", "Nobody changes their own role; ask another administrator.");
      await transaction(async (tx) => {
        await tx`lock table roles in share row exclusive mode`;
        const [before] = await tx<{
          permissions: string[];
        }>`select permissions from roles where name = ${name}`;
        if (before) refuseBeyond(caller, permissionsIn(name, before.permissions));
        const [count] = await tx<{ n: number }>`select count(*) as n from roles`;
        if (!before && (count?.n ?? 0) >= maxRoles)
          throw new Fault("too_large", `${maxRoles} roles are the most; remove one first.`);
        await tx`insert into roles (name, description, permissions) values (${name}, ${description}, ${wanted})
          on conflict (name) do update set description = excluded.description, permissions = excluded.permissions,
            updated_at = clock_timestamp()`;
      });
      signIns.forget();
      const saved = (await list(query)).find((one) => one.name === name);
      if (!saved)
        throw new Fault("conflict", `The role ${name} was removed meanwhile; save it again.`);
      return saved;
    },

    /** Only one that nobody has. */
    async remove(name: string): Promise<void> {
      refuseBuiltIn(name);
      await transaction(async (tx) => {
        // Held until the commit, so that nobody is given the role meanwhile (`grantable`).
        const rows = await tx`select name from roles where name = ${name} for update`;
        if (rows.count === 0) throw noRole(name);
        const [has] = await tx<{ n: number }>`select count(*) as n from users where role = ${name}`;
        if ((has?.n ?? 0) > 0)
          throw new Fault(
            "conflict",
            `${has?.n} accounts have the role ${name}; give them another one first.`,
          );
        await tx`delete from roles where name = ${name}`;
      });
    },
  };
}
export type Roles = ReturnType<typeof createRoles>;

async function list(query: Query): Promise<RoleInfo[]> {
  const builtIn = Object.keys(builtInRoles);
  const rows = await query<RoleRow>`
    select n.name, r.description, r.permissions, (select count(*) from users u where u.role = n.name) as accounts
    from (select unnest(${builtIn}::text[]) as name union all select name from roles) n left join roles r on r.name = n.name
    order by r.name nulls first`;
  return rows.map((row) => ({
    name: row.name,
    description: row.description ?? described[row.name] ?? "",
    permissions: permissionsIn(row.name, row.permissions),
    builtIn: row.permissions === null,
    accounts: row.accounts,
  }));
}

/** That a role is there, stays until the transaction ends, and may do no more than the caller: else nobody is given it. */
export async function grantable(query: Query, caller: Caller, name: string): Promise<void> {
  const [row] = await query<{ permissions: string[] }>`
    select permissions from roles where name = ${name} for share`;
  if (!row && !Object.hasOwn(builtInRoles, name)) throw noRole(name);
  refuseBeyond(caller, permissionsIn(name, row?.permissions ?? null));
}

const noRole = (name: string): Fault =>
  new Fault("not_found", `There is no role ${name}; \`cloudphone roles list\` shows them.`);

function refuseBuiltIn(name: string): void {
  if (Object.hasOwn(builtInRoles, name))
    throw new Fault(
      "conflict",
      `The role ${name} came with the platform and stays as it is; choose another name.`,
    );
}

function refuseBeyond(caller: Caller, wanted: readonly Permission[]): void {
  const beyond = wanted.filter((permission) => !mayAll(caller, [permission]));
  if (beyond.length > 0)
    throw new Fault(
      "forbidden",
      `Nobody gives what they may not do themselves: ${beyond.join(", ")}.`,
    );
}
