import type { Role } from "@cloudphone/shared/events/user";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { hashPassword, verifyPassword } from "../../platform/auth/passwords.ts";
import { hashSecret, newSecret, signAccessToken } from "../../platform/auth/tokens.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Cause } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";

export interface Session {
  readonly accessToken: string;
  readonly accessExpiresAt: string;
  readonly refreshToken: string;
  readonly user: { readonly userId: Id; readonly email: string; readonly role: Role };
}

export interface NewAccount {
  readonly email: string;
  readonly password: string;
  readonly role: Role;
  readonly demo: boolean;
}

const refreshDays = 30;
const freeTries = 5;

interface UserRow {
  id: Id;
  email: string;
  role: Role;
  password_hash: string;
  failed_logins: number;
  locked: boolean;
}

// The same sentence whether the address or the password is wrong: it must not tell who has an account.
const wrong = (): Fault =>
  new Fault("unauthenticated", "The e-mail address or the password is wrong.");

/** Accounts and sign-ins. A sign-in is a family of refresh tokens, each used once; one that comes back a second time ends them all. */
export function createAccounts(deps: CoreDeps) {
  const { database, source, secrets } = deps;

  const openSession = async (tx: Tx, user: Caller, family: Id): Promise<Session> => {
    const refreshToken = newSecret();
    await tx`insert into refresh_tokens (hash, family, user_id, expires_at)
      values (${hashSecret(refreshToken)}, ${family}, ${user.userId}, clock_timestamp() + ${refreshDays} * interval '1 day')`;
    const access = await signAccessToken(secrets.tokenKey, user, source.now());
    return { accessToken: access.token, accessExpiresAt: access.expiresAt, refreshToken, user };
  };

  return {
    /** Makes an account in the caller's transaction; `conflict` when the address is taken. */
    async create(
      tx: Tx,
      account: NewAccount,
      cause: Cause,
    ): Promise<{ userId: Id; email: string }> {
      const userId = source.id();
      const email = account.email.toLowerCase();
      const rows = await tx`
        insert into users (id, email, password_hash, role, demo)
        values (${userId}, ${email}, ${await hashPassword(account.password)}, ${account.role}, ${account.demo})
        on conflict (email) do nothing returning id`;
      if (rows.count === 0)
        throw new Fault("conflict", `There is already an account for ${email}.`);
      const data = { userId, email, role: account.role, demo: account.demo };
      await emit(tx, [{ type: "user.registered", subject: userId, data }], { cause, source });
      return { userId, email };
    },

    async find(email: string): Promise<Id | null> {
      const [row] = await database.query<{
        id: Id;
      }>`select id from users where email = ${email.toLowerCase()}`;
      return row?.id ?? null;
    },

    /** Five tries are free; each further one doubles the wait, up to 15 minutes. */
    async login(email: string, password: string): Promise<Session> {
      const [user] = await database.query<UserRow>`
        select id, email, role, password_hash, failed_logins, coalesce(locked_until > clock_timestamp(), false) as locked
        from users where email = ${email.toLowerCase()}`;
      if (!user) {
        // As slow as a real one, so that time does not tell either.
        await hashPassword(password);
        throw wrong();
      }
      if (user.locked)
        throw new Fault("too_many_tries", "Too many wrong passwords; wait a little and try again.");
      if (!(await verifyPassword(password, user.password_hash))) {
        const waitSeconds = Math.min(2 ** Math.max(0, user.failed_logins + 1 - freeTries), 900);
        await database.query`update users set failed_logins = failed_logins + 1, locked_until =
          case when failed_logins + 1 >= ${freeTries} then clock_timestamp() + ${waitSeconds} * interval '1 second' end
          where id = ${user.id}`;
        throw wrong();
      }
      return database.transaction(async (tx) => {
        await tx`update users set failed_logins = 0, locked_until = null where id = ${user.id}`;
        return openSession(
          tx,
          { userId: user.id, email: user.email, role: user.role },
          source.id(),
        );
      });
    },

    async refresh(refreshToken: string): Promise<Session> {
      const outcome = await database.transaction(async (tx) => {
        const [row] = await tx<UserRow & { family: Id; valid: boolean; used: boolean }>`
          select u.id, u.email, u.role, t.family, t.used_at is not null as used,
            not t.revoked and t.expires_at > clock_timestamp() as valid
          from refresh_tokens t join users u on u.id = t.user_id where t.hash = ${hashSecret(refreshToken)} for update of t`;
        if (!row?.valid) return null;
        if (row.used) {
          await tx`update refresh_tokens set revoked = true where family = ${row.family}`;
          return null;
        }
        await tx`update refresh_tokens set used_at = clock_timestamp() where hash = ${hashSecret(refreshToken)}`;
        return openSession(tx, { userId: row.id, email: row.email, role: row.role }, row.family);
      });
      if (!outcome) throw new Fault("unauthenticated", "This sign-in is over; sign in again.");
      return outcome;
    },

    async logout(refreshToken: string): Promise<void> {
      await database.query`update refresh_tokens set revoked = true where family =
        (select family from refresh_tokens where hash = ${hashSecret(refreshToken)})`;
    },

    async list(): Promise<
      { userId: Id; email: string; role: Role; demo: boolean; createdAt: string }[]
    > {
      const rows = await database.query<UserRow & { demo: boolean; created_at: Date }>`
        select id, email, role, demo, created_at from users order by created_at limit 1000`;
      return rows.map((row) => ({
        userId: row.id,
        email: row.email,
        role: row.role,
        demo: row.demo,
        createdAt: row.created_at.toISOString(),
      }));
    },
  };
}
export type Accounts = ReturnType<typeof createAccounts>;
