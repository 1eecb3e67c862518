import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { hashSecret, newApiKey } from "../../platform/auth/tokens.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import { type PersonColumns, toCaller } from "./people.ts";

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Null: until it is revoked. */
  readonly days: number | null;
}

export interface ApiKey {
  readonly id: Id;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly state: "active" | "expired" | "revoked";
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly createdAt: string;
}

const maxKeys = 50;
const prefixLength = 12;
/** So often a key's last use is written down at the most. */
const useNotedMs = 60_000;

interface KeyRow {
  id: Id;
  name: string;
  prefix: string;
  scopes: string[];
  state: ApiKey["state"];
  expires_at: Date | null;
  last_used_at: Date | null;
  created_at: Date;
}

/** Keys for programs. A key is told once, kept as a hash, looked up at every call: revoking it holds from the next one on. */
export function createApiKeys({ database, source }: CoreDeps) {
  return {
    async create(caller: Caller, wish: NewKey): Promise<{ id: Id; key: string }> {
      const key = newApiKey();
      const id = source.id();
      const rows = await database.query`
        insert into api_keys (id, user_id, name, prefix, hash, scopes, expires_at)
        select ${id}, ${caller.userId}, ${wish.name}, ${key.slice(0, prefixLength)}, ${hashSecret(key)}, ${[...wish.scopes]},
          clock_timestamp() + ${wish.days}::int * interval '1 day'
        where (select count(*) from api_keys where user_id = ${caller.userId} and revoked_at is null
          and coalesce(expires_at > clock_timestamp(), true)) < ${maxKeys}`;
      if (rows.count === 0)
        throw new Fault("conflict", `You have ${maxKeys} keys already; revoke one first.`);
      return { id, key };
    },

    async list({ userId }: Caller): Promise<ApiKey[]> {
      const rows = await database.query<KeyRow>`
        select id, name, prefix, scopes, expires_at, last_used_at, created_at, case
          when revoked_at is not null then 'revoked'
          when expires_at <= clock_timestamp() then 'expired' else 'active' end as state
        from api_keys where user_id = ${userId} order by created_at desc limit 500`;
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        prefix: row.prefix,
        scopes: row.scopes,
        state: row.state,
        expiresAt: row.expires_at?.toISOString() ?? null,
        lastUsedAt: row.last_used_at?.toISOString() ?? null,
        createdAt: row.created_at.toISOString(),
      }));
    },

    /** Revoking twice is as good as once. */
    async revoke({ userId }: Caller, keyId: Id): Promise<void> {
      const rows = await database.query`
        update api_keys set revoked_at = coalesce(revoked_at, clock_timestamp())
        where id = ${keyId} and user_id = ${userId}`;
      if (rows.count === 0) throw new Fault("not_found", "You have no API key with that id.");
    },

    /** Who a key stands for; `unauthenticated` for one that was never given, is over or revoked: one sentence for all three. */
    async verify(key: string): Promise<Caller> {
      const [row] = await database.query<
        {
          id: Id;
          scopes: string[];
          unnoted: boolean;
        } & PersonColumns
      >`
        select k.id, k.scopes, u.id as user_id, u.email, u.role, r.permissions, u.password_temporary,
          coalesce(k.last_used_at < clock_timestamp() - ${useNotedMs} * interval '1 millisecond', true) as unnoted
        from api_keys k join users u on u.id = k.user_id left join roles r on r.name = u.role
        where k.hash = ${hashSecret(key)} and k.revoked_at is null and coalesce(k.expires_at > clock_timestamp(), true)`;
      if (!row)
        throw new Fault("unauthenticated", "This API key is not valid, is over or was revoked.");
      if (row.unnoted)
        await database.query`update api_keys set last_used_at = clock_timestamp() where id = ${row.id}`;
      const { id, scopes } = row;
      return { ...toCaller(row), key: { id, scopes } };
    },
  };
}
export type ApiKeys = ReturnType<typeof createApiKeys>;
