import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import {
  type AccessClaims,
  hashSecret,
  newSecret,
  signAccessToken,
} from "../../platform/auth/tokens.ts";
import type { Timer } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Database, Query, Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import { type PersonColumns, toCaller } from "./people.ts";

export interface Session {
  readonly accessToken: string;
  readonly accessExpiresAt: string;
  readonly refreshToken: string;
  readonly user: {
    readonly userId: Id;
    readonly email: string;
    readonly role: string;
    /** All that may be done with it is to choose another password. */
    readonly passwordIsTemporary?: boolean;
  };
}

/** Where a sign-in comes from, as it shows in the list. */
export interface Origin {
  readonly address: string;
  readonly client: string | null;
}

export interface SignInInfo {
  readonly signInId: Id;
  readonly since: string;
  readonly lastUsedAt: string;
  readonly address: string;
  readonly client: string | null;
  /** The one that asks. */
  readonly current: boolean;
}

export type EndReason =
  | "signed out"
  | "ended"
  | "password changed"
  | "password reset"
  | "token used twice";

const refreshDays = 30;
/** So long a sign-in that was found good is not looked up again: what ends one on another hub holds here by then. */
const rememberedMs = 1000;
const maxRemembered = 10_000;

const over = (): Fault => new Fault("unauthenticated", "This sign-in is over; sign in again.");

/**
 * Sign-ins: each is a family of refresh tokens, every token used once; one that comes back a second time ends them all. An access token names its sign-in and is good
 * only while that is: what ends one (its owner, an operator, another password) ends its tokens too, on this hub at once and on others within a second.
 */
export function createSignIns(deps: CoreDeps) {
  const { database, source } = deps;
  const known = new Remembered();

  return {
    end,
    /** To be called once a change of who may do what is committed: it then holds here from the next call on. */
    forget: (): void => known.clear(),

    async open(tx: Tx, user: Caller, { address, client }: Origin): Promise<Session> {
      const signInId = source.id();
      await tx`insert into sign_ins (id, user_id, address, client)
        values (${signInId}, ${user.userId}, ${address}, ${client?.slice(0, 200) ?? null})`;
      return tokensOf(tx, { user, signInId }, deps);
    },

    async refresh(refreshToken: string): Promise<Session> {
      const outcome = await database.transaction((tx) => renew(tx, refreshToken, deps));
      if (outcome) return outcome;
      known.clear();
      throw over();
    },

    async signOut(refreshToken: string): Promise<void> {
      await database.transaction(async (tx) => {
        const [row] = await tx<{ family: Id; user_id: Id }>`
          select family, user_id from refresh_tokens where hash = ${hashSecret(refreshToken)}`;
        if (row) await end(tx, { userId: row.user_id, signInId: row.family }, "signed out");
      });
      known.clear();
    },

    /** Who an access token stands for now; `unauthenticated` when its sign-in is over. */
    async verify({ userId, signInId }: AccessClaims): Promise<Caller> {
      const found = known.get(signInId);
      if (found?.userId === userId) return found;
      const atMs = performance.now();
      const [row] = await database.query<PersonColumns>`
        select u.id as user_id, u.email, u.role, r.permissions, u.password_temporary
        from sign_ins s join users u on u.id = s.user_id left join roles r on r.name = u.role
        where s.id = ${signInId} and s.user_id = ${userId} and s.ended_at is null`;
      if (!row) throw over();
      const caller = { ...toCaller(row), signInId };
      known.set(signInId, { caller, atMs });
      return caller;
    },

    list: (userId: Id, current: Id | null) => list(database.query, userId, current),
  };
}
export type SignIns = ReturnType<typeof createSignIns>;

/** Those who were found good a moment ago; the oldest is forgotten first. */
class Remembered {
  readonly #callers = new Map<Id, { readonly caller: Caller; readonly atMs: number }>();

  get(signInId: Id): Caller | null {
    const found = this.#callers.get(signInId);
    return found && performance.now() - found.atMs < rememberedMs ? found.caller : null;
  }

  set(signInId: Id, found: { caller: Caller; atMs: number }): void {
    this.#callers.delete(signInId);
    this.#callers.set(signInId, found);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > maxRemembered && oldest !== undefined) this.#callers.delete(oldest);
  }

  clear(): void {
    this.#callers.clear();
  }
}

async function tokensOf(
  tx: Tx,
  { user, signInId }: { user: Caller; signInId: Id },
  { source, secrets }: CoreDeps,
): Promise<Session> {
  const { userId, email, role, passwordIsTemporary } = user;
  const refreshToken = newSecret();
  await tx`insert into refresh_tokens (hash, family, user_id, expires_at)
    values (${hashSecret(refreshToken)}, ${signInId}, ${userId}, clock_timestamp() + ${refreshDays} * interval '1 day')`;
  const access = await signAccessToken(secrets.tokenKey, { userId, signInId }, source.now());
  const temporary = passwordIsTemporary ? { passwordIsTemporary } : {};
  return {
    accessToken: access.token,
    accessExpiresAt: access.expiresAt,
    refreshToken,
    user: { userId, email, role, ...temporary },
  };
}

/** Null: the token is not good for anything, and one that was used before has ended its sign-in. */
async function renew(tx: Tx, refreshToken: string, deps: CoreDeps): Promise<Session | null> {
  const hash = hashSecret(refreshToken);
  const [row] = await tx<PersonColumns & { family: Id; valid: boolean; used: boolean }>`
    select u.id as user_id, u.email, u.role, r.permissions, u.password_temporary, t.family, t.used_at is not null as used,
      not t.revoked and t.expires_at > clock_timestamp() and s.ended_at is null as valid
    from refresh_tokens t join users u on u.id = t.user_id left join roles r on r.name = u.role
      left join sign_ins s on s.id = t.family where t.hash = ${hash} for update of t`;
  if (!row?.valid) return null;
  const { user_id: userId, family } = row;
  if (row.used) {
    await end(tx, { userId, signInId: family }, "token used twice");
    return null;
  }
  await tx`update refresh_tokens set used_at = clock_timestamp() where hash = ${hash}`;
  // One that was begun on a hub of an earlier release has no row yet.
  await tx`insert into sign_ins (id, user_id, address) values (${family}, ${userId}, 'unknown')
    on conflict (id) do update set last_used_at = clock_timestamp()`;
  return tokensOf(tx, { user: toCaller(row), signInId: family }, deps);
}

/** Ends sign-ins in the given transaction; how many there were. */
async function end(
  tx: Tx,
  which: { userId: Id; signInId?: Id; except?: Id | null },
  reason: EndReason,
): Promise<number> {
  const { userId, signInId = null, except = null } = which;
  const rows = await tx<{ id: Id }>`
    update sign_ins set ended_at = clock_timestamp(), ended_reason = ${reason}
    where user_id = ${userId} and ended_at is null and (${signInId}::uuid is null or id = ${signInId})
      and (${except}::uuid is null or id <> ${except}) returning id`;
  await tx`update refresh_tokens set revoked = true where family = any(${rows.map(({ id }) => id)}::uuid[])`;
  return rows.count;
}

/** Those that may still be used, the newest first. */
async function list(query: Query, userId: Id, current: Id | null): Promise<SignInInfo[]> {
  const rows = await query<{
    id: Id;
    address: string;
    client: string | null;
    created_at: Date;
    last_used_at: Date;
  }>`
    select s.* from sign_ins s where s.user_id = ${userId} and s.ended_at is null
      and exists (select 1 from refresh_tokens t where t.family = s.id and t.expires_at > clock_timestamp())
    order by s.created_at desc limit 500`;
  return rows.map((row) => ({
    signInId: row.id,
    since: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at.toISOString(),
    address: row.address,
    client: row.client,
    current: row.id === current,
  }));
}

/** Tokens that can't be used any more say nothing, and a sign-in without tokens is one nobody can look for. */
export const signInCleaning = ({ transaction }: Database): Timer => ({
  name: "core.sign-ins.clean",
  everyMs: 3_600_000,
  run: () =>
    transaction(async (tx) => {
      await tx`delete from refresh_tokens where expires_at < clock_timestamp() - interval '1 day'`;
      await tx`delete from sign_ins s where last_used_at < clock_timestamp() - interval '31 days'
        and not exists (select 1 from refresh_tokens t where t.family = s.id)`;
    }),
});
