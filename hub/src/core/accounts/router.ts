import { roleNameSchema } from "@cloudphone/shared/events/user";
import { z } from "zod";
import { permissionsOf } from "../../platform/auth/permissions.ts";
import { idempotent } from "../../platform/http/idempotency.ts";
import {
  anyone,
  needs,
  type RequestContext,
  requestCause,
  router,
  signedIn,
} from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import { accountPageSchema, type Accounts } from "./accounts.ts";
import type { Passwords } from "./passwords.ts";
import { grantable } from "./roles.ts";
import type { SignIns } from "./sign-ins.ts";

const email = z.email().max(254);
const password = z.string().min(10, "a password has at least 10 characters").max(200);
const given = z.string().min(1).max(200);
/** An id or an e-mail address. */
const account = z.string().min(1).max(254);

const originOf = ({ address, client = null }: RequestContext) => ({ address, client });

interface Parts {
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly signIns: SignIns;
}

export function accountsRouter({ accounts, passwords, signIns }: Parts, deps: CoreDeps) {
  return router({
    login: anyone
      .input(z.object({ email, password: given }))
      .mutation(({ input, ctx }) => passwords.login(input, originOf(ctx))),
    refresh: anyone
      .input(z.object({ refreshToken: given }))
      .mutation(({ input }) => signIns.refresh(input.refreshToken)),
    logout: anyone.input(z.object({ refreshToken: given })).mutation(async ({ input }) => {
      await signIns.signOut(input.refreshToken);
      return { signedOut: true };
    }),
    /** Who is asking, and what they may do. */
    me: signedIn.query(({ ctx: { caller } }) => ({
      ...caller,
      permissions: permissionsOf(caller),
    })),
    /** Every other sign-in ends. */
    changePassword: signedIn
      .input(z.object({ current: given, password }))
      .mutation(({ input, ctx }) =>
        passwords.change(ctx.caller, { ...input, cause: requestCause(ctx) }),
      ),
    list: needs("accounts.read")
      .input(accountPageSchema)
      .query(({ input }) => accounts.list(input)),
    create: needs("accounts.write")
      .input(z.object({ email, password, role: roleNameSchema, idempotencyKey: z.uuid() }))
      .mutation(async ({ input: { idempotencyKey: key, ...wish }, ctx }) => {
        const { userId } = ctx.caller;
        const call = { userId, key, operation: "accounts.create", input: wish };
        const made = await idempotent(deps.database, call, async (tx) => {
          await grantable(tx, ctx.caller, wish.role);
          return accounts.create(tx, { ...wish, demo: false }, requestCause(ctx));
        });
        deps.wake();
        return made;
      }),
    setRole: needs("accounts.write")
      .input(z.object({ account, role: roleNameSchema }))
      .mutation(({ input, ctx }) =>
        accounts.setRole(ctx.caller, { ...input, cause: requestCause(ctx) }),
      ),
    /** Answers with a temporary password, this once; every sign-in of the account ends. */
    resetPassword: needs("accounts.support")
      .input(z.object({ account, revokeKeys: z.boolean().default(false) }))
      .mutation(({ input, ctx }) =>
        passwords.reset(ctx.caller, { ...input, cause: requestCause(ctx) }),
      ),
  });
}
