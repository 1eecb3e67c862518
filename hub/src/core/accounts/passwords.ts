import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import { hashPassword, verifyPassword } from "../../platform/auth/passwords.ts";
import { newPassword } from "../../platform/auth/secrets.ts";
import type { Cause } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import { subordinate } from "./accounts.ts";
import { findPerson } from "./people.ts";
import type { Origin, Session, SignIns } from "./sign-ins.ts";

const freeTries = 5;

// The same sentence whether the address or the password is wrong: it must not tell who has an account.
const wrong = (): Fault =>
  new Fault("unauthenticated", "The e-mail address or the password is wrong.");

/** Signing in by password, and what becomes of passwords. */
export function createPasswords(deps: CoreDeps, signIns: SignIns) {
  const { database, source } = deps;

  return {
    async login(
      { email, password }: { email: string; password: string },
      origin: Origin,
    ): Promise<Session> {
      const [user] = await database.query<{ id: Id }>`
        select id from users where email = ${email.toLowerCase()}`;
      if (!user) {
        // As slow as a real one, so that time does not tell either.
        await hashPassword(password);
        throw wrong();
      }
      if (!(await check(database.query, user.id, password))) throw wrong();
      return database.transaction(async (tx) => {
        const person = await findPerson(tx, user.id);
        if (!person) throw wrong();
        return signIns.open(tx, person, origin);
      });
    },

    /** Another password for oneself, who shows the old one; every other sign-in ends. */
    async change(
      caller: Caller,
      wish: { current: string; password: string; cause: Cause },
    ): Promise<{ endedSignIns: number }> {
      const { current, password, cause } = wish;
      if (!(await check(database.query, caller.userId, current)))
        throw new Fault("forbidden", "This is not your present password.");
      if (current === password)
        throw new Fault("bad_input", "Choose a password that differs from the present one.");
      const { userId, signInId: except = null } = caller;
      const endedSignIns = await database.transaction(async (tx) => {
        await set(tx, { userId, password, temporary: false, by: caller, cause }, source);
        return signIns.end(tx, { userId, except }, "password changed");
      });
      signIns.forget();
      deps.wake();
      return { endedSignIns };
    },

    /** A password for somebody who forgot theirs, or lost it to somebody: told once, good for nothing but choosing another; all sign-ins end, the keys where asked. */
    async reset(
      caller: Caller,
      wish: { account: string; revokeKeys: boolean; cause: Cause },
    ): Promise<{ userId: Id; email: string; password: string; endedSignIns: number }> {
      const { account, revokeKeys, cause } = wish;
      const password = newPassword();
      const answer = await database.transaction(async (tx) => {
        const { userId, email } = await subordinate(tx, caller, account);
        if (userId === caller.userId)
          throw new Fault("conflict", "Change your own password instead: `cloudphone password`.");
        await set(tx, { userId, password, temporary: true, by: caller, cause }, source);
        if (revokeKeys)
          await tx`update api_keys set revoked_at = coalesce(revoked_at, clock_timestamp()) where user_id = ${userId}`;
        const endedSignIns = await signIns.end(tx, { userId }, "password reset");
        return { userId, email, password, endedSignIns };
      });
      signIns.forget();
      deps.wake();
      return answer;
    },
  };
}
export type Passwords = ReturnType<typeof createPasswords>;

/**
 * Whether this is the account's password. Five tries are free; each further one doubles the wait, up to 15 minutes. A try counts before it is looked at, so that
 * many at once are no more than as many one after the other.
 */
async function check(query: Query, userId: Id, password: string): Promise<boolean> {
  const [row] = await query<{ password_hash: string }>`
    update users set failed_logins = failed_logins + 1, locked_until = case when failed_logins + 1 >= ${freeTries}
      then clock_timestamp() + least(power(2, least(failed_logins + 1 - ${freeTries}, 10)), 900) * interval '1 second' end
    where id = ${userId} and coalesce(locked_until <= clock_timestamp(), true) returning password_hash`;
  if (!row)
    throw new Fault("too_many_tries", "Too many wrong passwords; wait a little and try again.");
  const right = await verifyPassword(password, row.password_hash);
  if (right)
    await query`update users set failed_logins = 0, locked_until = null where id = ${userId}`;
  return right;
}

interface Change {
  readonly userId: Id;
  readonly password: string;
  readonly temporary: boolean;
  readonly by: Caller;
  readonly cause: Cause;
}

async function set(tx: Tx, change: Change, source: Source): Promise<void> {
  const { userId, password, temporary, by, cause } = change;
  await tx`update users set password_hash = ${await hashPassword(password)}, password_temporary = ${temporary},
    failed_logins = 0, locked_until = null where id = ${userId}`;
  const data = { userId, byUserId: by.userId, temporary };
  const draft = { type: "user.password.changed" as const, subject: userId, data };
  await emit(tx, [draft], { cause, source });
}
