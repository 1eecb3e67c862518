import { recordingDaysSchema } from "@cloudphone/shared/device";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import { recordingPageSchema, type Recordings } from "./recordings.ts";

export function recordingsRouter(recordings: Recordings, deps: CoreDeps) {
  return router({
    list: needs("recordings.read")
      .input(recordingPageSchema)
      .query(({ input }) => recordings.list(input)),
    /** Null: as the device's host has it. */
    setPolicy: needs("recordings.write")
      .input(z.object({ device: z.string().min(1).max(100), days: recordingDaysSchema.nullable() }))
      .mutation(async ({ input: { device, days }, ctx }) => {
        const wish = { days, cause: requestCause(ctx) };
        const answer = await recordings.setPolicy(ctx.caller, device, wish);
        deps.wake();
        return answer;
      }),
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
