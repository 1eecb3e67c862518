import { z } from "zod";
import { admin, anyone, requestCause, router, staff } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { showHost } from "./checks.ts";
import type { DrainHosts } from "./drain.ts";
import type { Hosts } from "./hosts.ts";

const name = z.string().trim().min(1).max(100);

export function hostsRouter(hosts: Hosts, drain: DrainHosts, database: Database) {
  return router({
    list: staff.query(() => hosts.list()),
    /** By id or name, with all that its doctor found. */
    show: staff
      .input(z.object({ host: z.string().min(1).max(100) }))
      .query(({ input }) => showHost(database, () => hosts.list(), input.host)),
    createEnrollment: admin
      .input(z.object({ name: name.optional() }))
      .mutation(({ input, ctx }) => hosts.createEnrollment(ctx.caller.userId, input.name ?? null)),
    /** For agents, which have nothing but the token. */
    enroll: anyone
      .input(z.object({ token: z.string().min(10).max(200), name }))
      .mutation(({ input, ctx }) => hosts.enroll(input.token, input.name, requestCause(ctx))),
    /** No phone is given from the host any more; those that somebody has are kept to their end, ended, or moved to other hosts. */
    drain: staff
      .input(
        z.object({
          hostId: z.uuid(),
          leases: z.enum(["keep", "end", "move"]).default("keep"),
          reason: z.string().trim().min(1).max(300),
        }),
      )
      .mutation(async ({ input: { hostId, ...wish }, ctx }) => {
        await drain.start(hostId, wish, requestCause(ctx));
        return { hostId, draining: true };
      }),
    /** It takes phones again. */
    undrain: staff.input(z.object({ hostId: z.uuid() })).mutation(async ({ input, ctx }) => {
      await drain.cancel(input.hostId, requestCause(ctx));
      return { hostId: input.hostId, draining: false };
    }),
    remove: admin
      .input(z.object({ hostId: z.uuid(), reason: z.string().min(1).max(300) }))
      .mutation(async ({ input, ctx }) => {
        await hosts.remove(input.hostId, input.reason, requestCause(ctx));
        return { removed: true };
      }),
  });
}
