import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import type { Recordings } from "./recordings.ts";

export function recordingsRouter(recordings: Recordings, deps: CoreDeps) {
  return router({
    list: needs("recordings.read")
      .input(z.object({ deviceId: z.uuid().nullable().default(null) }).prefault({}))
      .query(({ input }) => recordings.list(input.deviceId)),
    fetch: needs("recordings.read")
      .input(z.object({ recordingId: z.uuid(), idempotencyKey: z.uuid() }))
      .mutation(async ({ input: { idempotencyKey: key, recordingId }, ctx }) => {
        const { userId } = ctx.caller;
        const call = { userId, key, operation: "recordings.fetch", input: { recordingId } };
        const answer = await idempotent(deps.database, call, (tx) =>
          recordings.fetch(tx, ctx.caller, { recordingId, cause: requestCause(ctx) }),
        );
        deps.wake();
        return answer;
      }),
  });
}
