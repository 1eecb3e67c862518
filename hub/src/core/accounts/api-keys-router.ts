import { z } from "zod";
import { scopeSchema } from "../../platform/auth/scopes.ts";
import { router, signedIn } from "../../platform/http/trpc.ts";
import type { ApiKeys } from "./api-keys.ts";

export function apiKeysRouter(keys: ApiKeys) {
  return router({
    list: signedIn.query(({ ctx }) => keys.list(ctx.caller)),
    /** The key itself is in this answer and nowhere else. */
    create: signedIn
      .input(
        z.object({
          name: z.string().trim().min(1).max(100),
          scopes: z.array(scopeSchema).min(1).max(50),
          days: z.int().min(1).max(3650).nullable().default(null),
        }),
      )
      .mutation(({ input, ctx }) => keys.create(ctx.caller, input)),
    revoke: signedIn.input(z.object({ keyId: z.uuid() })).mutation(async ({ input, ctx }) => {
      await keys.revoke(ctx.caller, input.keyId);
      return { revoked: true };
    }),
  });
}
