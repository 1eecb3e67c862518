import { sessionPurposes } from "@cloudphone/shared/relay";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import { byDevicePageSchema } from "../devices/by-device.ts";
import type { Sessions } from "./sessions.ts";

const openSchema = z.object({
  /** An id or a name. */
  device: z.string().min(1).max(100),
  purpose: z.enum(sessionPurposes),
  /** A live screen that may only be looked at. */
  viewOnly: z.boolean().default(false),
  idempotencyKey: z.uuid(),
});

export function sessionsRouter(sessions: Sessions, deps: CoreDeps) {
  return router({
    open: needs("sessions.write")
      .input(openSchema)
      .mutation(async ({ input, ctx }) => {
        const { caller } = ctx;
        const { device: ref, purpose, viewOnly, idempotencyKey: key } = input;
        const operation = "sessions.open";
        const call = { userId: caller.userId, key, operation, input: { ref, purpose, viewOnly } };
        const opened = await idempotent(deps.database, call, (tx) =>
          sessions.open(tx, caller, { ref, purpose, viewOnly, cause: requestCause(ctx) }),
        );
        deps.wake();
        return opened;
      }),
    list: needs("sessions.read")
      .input(byDevicePageSchema)
      .query(({ input, ctx }) => sessions.list(ctx.caller, input)),
    close: needs("sessions.write")
      .input(z.object({ sessionId: z.uuid() }))
      .mutation(({ input, ctx }) => sessions.close(ctx.caller, input.sessionId)),
  });
}
