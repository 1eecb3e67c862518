import { Fault } from "@cloudphone/shared/fault";
import { z } from "zod";
import { checkPermission } from "../../platform/auth/permissions.ts";
import { type SignedInContext, writtenDown } from "../../platform/http/audit.ts";
import { router, signedIn } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { asTenant } from "../../platform/postgres/tenant.ts";
import { subordinate } from "./accounts.ts";
import { personCalled } from "./people.ts";
import type { SignIns } from "./sign-ins.ts";

/** An id or an e-mail address; null: oneself. */
const account = z.string().min(1).max(254).nullable().default(null);

/** Where somebody is signed in: one's own, or for operators anybody's. */
export function signInsRouter(signIns: SignIns, database: Database) {
  const end = async (
    ctx: SignedInContext,
    ref: string | null,
    which: { signInId?: string; except?: string | null },
  ): Promise<number> => {
    const { caller } = ctx;
    const work = async (): Promise<number> => {
      const ended = await database.transaction(async (tx) => {
        const { userId } = ref === null ? caller : await subordinate(tx, caller, ref);
        return signIns.end(tx, { userId, ...which }, "ended");
      });
      signIns.forget();
      return ended;
    };
    if (ref === null) return work();
    checkPermission(caller, "accounts.support");
    const act = which.signInId === undefined ? "signIns.endOthers" : "signIns.end";
    const input = { account: ref, ...(which.signInId ? { signInId: which.signInId } : {}) };
    return asTenant(null, () => writtenDown(ctx, { act, input }, work));
  };
  return router({
    list: signedIn.input(z.object({ account }).prefault({})).query(async ({ input, ctx }) => {
      const { caller } = ctx;
      if (input.account === null) return signIns.list(caller.userId, caller.signInId ?? null);
      checkPermission(caller, "accounts.read");
      const { account: ref } = input;
      return asTenant(null, async () =>
        signIns.list((await personCalled(database.query, ref)).userId, null),
      );
    }),
    /** It is over at once, with what was opened under it. */
    end: signedIn
      .input(z.object({ signInId: z.uuid(), account }))
      .mutation(async ({ input: { signInId, account: ref }, ctx }) => {
        if ((await end(ctx, ref, { signInId })) === 0)
          throw new Fault(
            "not_found",
            "There is no such sign-in, or it is over; `cloudphone sign-ins list` shows them.",
          );
        return { ended: 1 };
      }),
    /** All but the one that asks; of another account, all. */
    endOthers: signedIn
      .input(z.object({ account }).prefault({}))
      .mutation(async ({ input, ctx }) => {
        const except = input.account === null ? (ctx.caller.signInId ?? null) : null;
        return { ended: await end(ctx, input.account, { except }) };
      }),
  });
}
