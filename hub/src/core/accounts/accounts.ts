import { Fault } from "@cloudphone/shared/fault";
import { type Id, idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { mayAll, permissionsOf } from "../../platform/auth/permissions.ts";
import { hashPassword } from "../../platform/auth/passwords.ts";
import type { Cause } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import { likeText } from "../../platform/postgres/like.ts";
import type { CoreDeps } from "../deps.ts";
import { personCalled } from "./people.ts";
import { grantable } from "./roles.ts";
import type { SignIns } from "./sign-ins.ts";

export interface NewAccount {
  readonly email: string;
  readonly password: string;
  readonly role: string;
  readonly demo: boolean;
}

export interface AccountInfo {
  readonly userId: Id;
  readonly email: string;
  readonly role: string;
  readonly demo: boolean;
  readonly createdAt: string;
}

/** What a long list of accounts is narrowed down to. */
export const accountPageSchema = z
  .object({
    ids: z.array(idSchema).max(1000).optional(),
    /** Part of an address, or the beginning of an id. */
    search: z.string().trim().max(254).optional(),
    /** The last account of the page before. */
    before: idSchema.optional(),
    limit: z.int().min(1).max(1000).default(100),
  })
  .default({ limit: 100 });

type AccountPage = z.infer<typeof accountPageSchema>;

/** Accounts, and what each may do. */
export function createAccounts(deps: CoreDeps, signIns: SignIns) {
  const { database, source } = deps;
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

    /** Newest first; a page goes on behind an account. */
    async list(page: AccountPage): Promise<AccountInfo[]> {
      const { ids = null, search, before = null, limit } = page;
      const like = likeText(search);
      const rows = await database.query<{
        id: Id;
        email: string;
        role: string;
        demo: boolean;
        created_at: Date;
      }>`select id, email, role, demo, created_at from users
        where (${ids}::uuid[] is null or id = any(${ids}::uuid[]))
          and (${like}::text is null or email ilike '%' || ${like} || '%' or id::text like ${like} || '%')
          and (${before}::uuid is null or (created_at, id) < (select b.created_at, b.id from users b where b.id = ${before}))
        order by created_at desc, id desc limit ${limit}`;
      return rows.map((row) => ({
        userId: row.id,
        email: row.email,
        role: row.role,
        demo: row.demo,
        createdAt: row.created_at.toISOString(),
      }));
    },

    /** Gives an account another role; it holds from the next call on. Nobody gives or takes what they may not do themselves, nor changes their own. */
    async setRole(
      caller: Caller,
      wish: { account: string; role: string; cause: Cause },
    ): Promise<{ userId: Id; email: string; role: string }> {
      const { role, cause } = wish;
      const person = await database.transaction(async (tx) => {
        const found = await subordinate(tx, caller, wish.account);
        if (found.userId === caller.userId)
          throw new Fault("forbidden", "Nobody changes their own role; ask another administrator.");
        await grantable(tx, caller, role);
        await tx`update users set role = ${role} where id = ${found.userId}`;
        const data = { userId: found.userId, role, byUserId: caller.userId };
        const draft = { type: "user.role.changed" as const, subject: found.userId, data };
        await emit(tx, [draft], { cause, source });
        return found;
      });
      signIns.forget();
      deps.wake();
      return { userId: person.userId, email: person.email, role };
    },
  };
}
export type Accounts = ReturnType<typeof createAccounts>;

/** Somebody who may do no more than the caller; `forbidden` for anybody else, or an operator could take an administrator's account over. */
export async function subordinate(query: Query, caller: Caller, ref: string): Promise<Caller> {
  const person = await personCalled(query, ref);
  if (!mayAll(caller, permissionsOf(person)))
    throw new Fault(
      "forbidden",
      `${person.email} may do more than you; ask somebody who may do as much.`,
    );
  return person;
}
