import { z } from "zod";
import { checkPermission } from "../../platform/auth/permissions.ts";
import { needs, requestCause, router, signedIn } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { asTenant } from "../../platform/postgres/tenant.ts";
import { personCalled } from "./people.ts";
import type { Quotas } from "./quotas.ts";

const account = z.string().min(1).max(254);
const figure = (most: number) => z.int().min(0).max(most).nullable().optional();

export function quotasRouter(quotas: Quotas, database: Database) {
  return router({
    /** What one may have at a time and what one has; operators may name an account. */
    show: signedIn
      .input(z.object({ account: account.nullable().default(null) }).prefault({}))
      .query(async ({ input, ctx }) => {
        if (input.account === null) return quotas.show(ctx.caller.userId);
        checkPermission(ctx.caller, "accounts.read");
        const { account: ref } = input;
        return asTenant(null, async () =>
          quotas.show((await personCalled(database.query, ref)).userId),
        );
      }),
    /** Null: as everybody's; left out: as it was. */
    set: needs("accounts.support")
      .input(
        z.object({
          account,
          devices: figure(1_000_000),
          storageBytes: figure(2 ** 50),
          sessions: figure(100_000),
        }),
      )
      .mutation(({ input: { account: whose, ...change }, ctx }) =>
        quotas.set(ctx.caller, { account: whose, change, cause: requestCause(ctx) }),
      ),
  });
}
