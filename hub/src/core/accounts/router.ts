import { roles } from "@cloudphone/shared/events/user";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { admin, anyone, requestCause, router, signedIn, staff } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import type { Accounts } from "./accounts.ts";

const email = z.email().max(254);
const password = z.string().min(10, "a password has at least 10 characters").max(200);

export function accountsRouter(accounts: Accounts, deps: CoreDeps) {
  return router({
    login: anyone
      .input(z.object({ email, password: z.string().min(1).max(200) }))
      .mutation(({ input }) => accounts.login(input.email, input.password)),
    refresh: anyone
      .input(z.object({ refreshToken: z.string().min(1).max(200) }))
      .mutation(({ input }) => accounts.refresh(input.refreshToken)),
    logout: anyone
      .input(z.object({ refreshToken: z.string().min(1).max(200) }))
      .mutation(async ({ input }) => {
        await accounts.logout(input.refreshToken);
        return { signedOut: true };
      }),
    me: signedIn.query(({ ctx }) => ctx.caller),
    list: staff.query(() => accounts.list()),
    create: admin
      .input(z.object({ email, password, role: z.enum(roles), idempotencyKey: z.uuid() }))
      .mutation(async ({ input: { idempotencyKey, ...account }, ctx }) => {
        const made = await idempotent(
          deps.database,
          {
            userId: ctx.caller.userId,
            key: idempotencyKey,
            operation: "accounts.create",
            input: account,
          },
          (tx) => accounts.create(tx, { ...account, demo: false }, requestCause(ctx)),
        );
        deps.wake();
        return made;
      }),
  });
}
