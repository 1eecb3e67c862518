import type { Id } from "@cloudphone/shared/ids";
import { permissionsOf } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Query } from "../../platform/postgres/database.ts";
import { type PersonColumns, toCaller } from "./people.ts";

/**
 * Of callers who were let in some time ago, those who may not go on as they were: their sign-in or key is over, or their role, or what it may do, is another. For
 * what stays open longer than a call; one query for all.
 */
export async function outdated(query: Query, callers: readonly Caller[]): Promise<Caller[]> {
  const proofs = [...new Set(callers.map(proofOf))];
  const rows = await query<PersonColumns & { proof: Id }>`
    select p.proof, u.id as user_id, u.email, u.role, r.permissions, u.password_temporary
    from (
      select id as proof, user_id from sign_ins where id = any(${proofs}::uuid[]) and ended_at is null
      union all select id, user_id from api_keys where id = any(${proofs}::uuid[]) and revoked_at is null
        and coalesce(expires_at > clock_timestamp(), true)
    ) p join users u on u.id = p.user_id left join roles r on r.name = u.role`;
  const now = new Map(rows.map((row) => [row.proof, toCaller(row)]));
  return callers.filter((caller) => {
    const found = now.get(proofOf(caller));
    return found === undefined || describe(found) !== describe(caller);
  });
}

/** What somebody came with; the user's own id, which is neither, for whoever came with nothing that can be ended. */
const proofOf = ({ key, signInId, userId }: Caller): Id => key?.id ?? signInId ?? userId;

const describe = (caller: Caller): string =>
  JSON.stringify([
    caller.userId,
    caller.role,
    permissionsOf(caller),
    caller.passwordIsTemporary ?? false,
  ]);
