import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { anyone, needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import type { Shares } from "./shares.ts";

const maxMinutes = 24 * 60;

const createSchema = z.object({
  /** An id or a name. */
  device: z.string().min(1).max(100),
  /** The link ends then, and never later than the lease. */
  minutes: z.int().min(1).max(maxMinutes).default(60),
  idempotencyKey: z.uuid(),
});

export function sharesRouter(shares: Shares, deps: CoreDeps) {
  return router({
    create: needs("sessions.write")
      .input(createSchema)
      .mutation(({ input: { idempotencyKey: key, device: ref, minutes }, ctx: { caller } }) => {
        const wish = { ref, minutes };
        const call = { userId: caller.userId, key, operation: "shares.create", input: wish };
        return idempotent(deps.database, call, (tx) => shares.create(tx, caller, wish));
      }),
    list: needs("sessions.read")
      .input(z.object({ deviceId: z.uuid().optional() }).optional())
      .query(({ input, ctx }) => shares.list(ctx.caller, input?.deviceId ?? null)),
    revoke: needs("sessions.write")
      .input(z.object({ shareId: z.uuid() }))
      .mutation(({ input, ctx }) => shares.revoke(ctx.caller, input.shareId)),
    /** For a visitor, who has a link and no account. */
    open: anyone
      .input(z.object({ link: z.string().min(1).max(2000) }))
      .mutation(({ input, ctx }) => shares.open(input.link, requestCause(ctx))),
  });
}
