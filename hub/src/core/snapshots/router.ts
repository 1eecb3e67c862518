import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import type { Snapshots } from "./snapshots.ts";

const device = z.string().min(1).max(100);
const snapshotId = z.uuid();
const idempotencyKey = z.uuid();

/** Each mutation answers at once with a command; `devices.command` tells its outcome. */
export function snapshotsRouter(snapshots: Snapshots, deps: CoreDeps) {
  return router({
    list: needs("snapshots.read").query(({ ctx }) => snapshots.list(ctx.caller)),
    create: needs("snapshots.write")
      .input(
        z.object({
          device,
          name: z.string().trim().min(1).max(100).nullable().default(null),
          idempotencyKey,
        }),
      )
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const { userId } = ctx.caller;
        const call = { userId, key, operation: "snapshots.create", input };
        const answer = await idempotent(deps.database, call, (tx) =>
          snapshots.create(tx, ctx.caller, { ...input, cause: requestCause(ctx) }),
        );
        deps.wake();
        return answer;
      }),
    restore: needs("snapshots.write")
      .input(z.object({ snapshotId, device, idempotencyKey }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const { userId } = ctx.caller;
        const call = { userId, key, operation: "snapshots.restore", input };
        const answer = await idempotent(deps.database, call, (tx) =>
          snapshots.restore(tx, ctx.caller, { ...input, cause: requestCause(ctx) }),
        );
        deps.wake();
        return answer;
      }),
    delete: needs("snapshots.write")
      .input(z.object({ snapshotId, idempotencyKey }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const { userId } = ctx.caller;
        const call = { userId, key, operation: "snapshots.delete", input };
        const answer = await idempotent(deps.database, call, (tx) =>
          snapshots.remove(tx, ctx.caller, { ...input, cause: requestCause(ctx) }),
        );
        deps.wake();
        return answer;
      }),
  });
}
