import { z } from "zod";
import { admin, anyone, requestCause, router, staff } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { showHost } from "./checks.ts";
import type { Hosts } from "./hosts.ts";

const name = z.string().trim().min(1).max(100);

export function hostsRouter(hosts: Hosts, database: Database) {
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
    remove: admin
      .input(z.object({ hostId: z.uuid(), reason: z.string().min(1).max(300) }))
      .mutation(async ({ input, ctx }) => {
        await hosts.remove(input.hostId, input.reason, requestCause(ctx));
        return { removed: true };
      }),
  });
}
