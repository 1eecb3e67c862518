import { z } from "zod";
import { anyone, needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { DrainHosts } from "./drain.ts";
import { countHosts, hostPageSchema, pageHosts, showHost } from "./host-pages.ts";
import type { HostLoads } from "./loads.ts";
import type { Hosts } from "./hosts.ts";

const name = z.string().trim().min(1).max(100);

interface Parts {
  readonly hosts: Hosts;
  readonly drain: DrainHosts;
  readonly loads: HostLoads;
}

export function hostsRouter({ hosts, drain, loads }: Parts, database: Database) {
  return router({
    list: needs("hosts.read")
      .input(hostPageSchema)
      .query(({ input }) => pageHosts(database.query, input)),
    count: needs("hosts.read").query(() => countHosts(database.query)),
    /** By id or name, with all that its doctor found. */
    show: needs("hosts.read")
      .input(z.object({ host: z.string().min(1).max(100) }))
      .query(({ input }) => showHost(database.query, input.host)),
    /** How busy it was, five minutes a point, oldest first; of the last two days at most. */
    load: needs("hosts.read")
      .input(z.object({ hostId: z.uuid(), hours: z.int().min(1).max(48).default(24) }))
      .query(({ input }) => loads.list(input.hostId, input.hours)),
    createEnrollment: needs("hosts.write")
      .input(z.object({ name: name.optional() }))
      .mutation(({ input, ctx }) => hosts.createEnrollment(ctx.caller.userId, input.name ?? null)),
    /** For agents, which have nothing but the token. */
    enroll: anyone
      .input(z.object({ token: z.string().max(200), name }))
      .mutation(({ input, ctx }) => hosts.enroll(input.token, input.name, requestCause(ctx))),
    /** No phone is given from the host any more; those that somebody has are kept to their end, ended, or moved to other hosts. */
    drain: needs("hosts.drain")
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
    undrain: needs("hosts.drain")
      .input(z.object({ hostId: z.uuid() }))
      .mutation(async ({ input, ctx }) => {
        await drain.cancel(input.hostId, requestCause(ctx));
        return { hostId: input.hostId, draining: false };
      }),
    remove: needs("hosts.write")
      .input(z.object({ hostId: z.uuid(), reason: z.string().min(1).max(300) }))
      .mutation(async ({ input, ctx }) => {
        await hosts.remove(input.hostId, input.reason, requestCause(ctx));
        return { removed: true };
      }),
  });
}
