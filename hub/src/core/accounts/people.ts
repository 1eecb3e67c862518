import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { builtInRoles, isPermission, type Permission } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Query } from "../../platform/postgres/database.ts";

export interface PersonColumns {
  readonly user_id: Id;
  readonly email: string;
  readonly role: string;
  /** Of a composed role; null: a built-in one, or none that is there. */
  readonly permissions: string[] | null;
  readonly password_temporary: boolean;
}

/** Who somebody is to the rest of the hub, without what they came with. What a role may do is looked up here, so a change holds from the next call on. */
export function toCaller(row: PersonColumns): Caller {
  const { user_id: userId, email, role } = row;
  const temporary = row.password_temporary ? { passwordIsTemporary: true } : {};
  return { userId, email, role, permissions: permissionsIn(role, row.permissions), ...temporary };
}

/** What a role may do; a permission that this release does not know is none. Pure. */
export const permissionsIn = (role: string, composed: string[] | null): readonly Permission[] =>
  composed?.filter(isPermission) ??
  (Object.hasOwn(builtInRoles, role) ? (builtInRoles[role] ?? []) : []);

export async function findPerson(query: Query, userId: Id): Promise<Caller | null> {
  const [row] = await query<PersonColumns>`
    select u.id as user_id, u.email, u.role, r.permissions, u.password_temporary
    from users u left join roles r on r.name = u.role where u.id = ${userId}`;
  return row ? toCaller(row) : null;
}

/** By id or e-mail address; `not_found` when there is nobody. */
export async function personCalled(query: Query, ref: string): Promise<Caller> {
  const [row] = await query<{ id: Id }>`
    select id from users where id::text = ${ref} or email = ${ref.toLowerCase()}`;
  const person = row && (await findPerson(query, row.id));
  if (person) return person;
  throw new Fault(
    "not_found",
    `There is no account ${ref}; \`cloudphone accounts list\` shows them.`,
  );
}
