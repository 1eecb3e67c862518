import { Fault } from "@cloudphone/shared/fault";
import { z } from "zod";
import { checkPermission } from "../../platform/auth/permissions.ts";
import { type Caller, router, signedIn } from "../../platform/http/trpc.ts";
import type { Database, Query } from "../../platform/postgres/database.ts";
import { subordinate } from "./accounts.ts";
import { personCalled } from "./people.ts";
import type { SignIns } from "./sign-ins.ts";

/** An id or an e-mail address; null: oneself. */
const account = z.string().min(1).max(254).nullable().default(null);

/** Where somebody is signed in: one's own, or for operators anybody's. */
export function signInsRouter(signIns: SignIns, database: Database) {
  const end = async (
    caller: Caller,
    ref: string | null,
    which: { signInId?: string; except?: string | null },
  ): Promise<number> => {
    const ended = await database.transaction(async (tx) => {
      const { userId } = await ownOr(tx, caller, ref);
      return signIns.end(tx, { userId, ...which }, "ended");
    });
    signIns.forget();
    return ended;
  };
  return router({
    list: signedIn.input(z.object({ account }).prefault({})).query(async ({ input, ctx }) => {
      const { caller } = ctx;
      if (input.account === null) return signIns.list(caller.userId, caller.signInId ?? null);
      checkPermission(caller, "accounts.read");
      return signIns.list((await personCalled(database.query, input.account)).userId, null);
    }),
    /** It is over at once, with what was opened under it. */
    end: signedIn
      .input(z.object({ signInId: z.uuid(), account }))
      .mutation(async ({ input: { signInId, account: ref }, ctx }) => {
        if ((await end(ctx.caller, ref, { signInId })) === 0)
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
        return { ended: await end(ctx.caller, input.account, { except }) };
      }),
  });
}

/** Oneself, or somebody else with the permission for it. */
async function ownOr(query: Query, caller: Caller, ref: string | null): Promise<Caller> {
  if (ref === null) return caller;
  checkPermission(caller, "accounts.support");
  return subordinate(query, caller, ref);
}
