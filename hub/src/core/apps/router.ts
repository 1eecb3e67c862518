import { packageNameSchema } from "@cloudphone/shared/android";
import { Fault } from "@cloudphone/shared/fault";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs, requestCause, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import { byDevicePageSchema } from "../devices/by-device.ts";
import { inputOf, type Operate } from "../devices/operations.ts";
import { batchProcedures } from "./batch-procedures.ts";
import type { Batches } from "./batches.ts";
import type { Library } from "./library.ts";

const device = z.string().min(1).max(100);

interface Parts {
  readonly library: Library;
  readonly batches: Batches;
  readonly operate: Operate;
}

export function appsRouter({ library, batches, operate }: Parts, deps: CoreDeps) {
  return router({
    list: needs("apps.read").query(({ ctx }) => library.list(ctx.caller)),
    /** Takes it out of the library; where it is installed it stays. */
    remove: needs("apps.write")
      .input(z.object({ app: z.string().min(1).max(255) }))
      .mutation(({ input, ctx }) => library.remove(ctx.caller, input.app)),
    /** Answers at once with `pending`; the installation becomes `installed` or `failed` once the phone has said so. */
    install: needs("apps.write")
      .input(z.object({ device, app: z.string().min(1).max(255), idempotencyKey: z.uuid() }))
      .mutation(async ({ input: { idempotencyKey, ...wish }, ctx }) => {
        const call = {
          userId: ctx.caller.userId,
          key: idempotencyKey,
          operation: "apps.install",
          input: wish,
        };
        const answer = await idempotent(deps.database, call, (tx) =>
          library.install(tx, ctx.caller, { ...wish, cause: requestCause(ctx) }),
        );
        deps.wake();
        return answer;
      }),
    uninstall: needs("apps.write")
      .input(z.object({ device, packageName: packageNameSchema, idempotencyKey: z.uuid() }))
      .mutation(async ({ input: { idempotencyKey, ...wish }, ctx }) => {
        const call = {
          userId: ctx.caller.userId,
          key: idempotencyKey,
          operation: "apps.uninstall",
          input: wish,
        };
        const answer = await idempotent(deps.database, call, (tx) =>
          library.uninstall(tx, ctx.caller, { ...wish, cause: requestCause(ctx) }),
        );
        deps.wake();
        return answer;
      }),
    ...appOperations(operate),
    ...batchProcedures(batches, deps),
    installations: needs("apps.read")
      .input(byDevicePageSchema)
      .query(({ input, ctx }) => library.installations(ctx.caller, input)),
    installation: needs("apps.read")
      .input(z.object({ installationId: z.uuid() }))
      .query(async ({ input, ctx }) => {
        const wish = { id: input.installationId, limit: 1 };
        const [found] = await library.installations(ctx.caller, wish);
        if (!found) throw new Fault("not_found", "There is no such installation of yours.");
        return found;
      }),
  });
}

function appOperations(operate: Operate) {
  return {
    /** What a phone itself says is installed on it. */
    onDevice: needs("apps.write")
      .input(inputOf("app.list"))
      .mutation(({ input, ctx }) => operate(ctx, "app.list", input)),
    start: needs("apps.write")
      .input(inputOf("app.start"))
      .mutation(({ input, ctx }) => operate(ctx, "app.start", input)),
    stop: needs("apps.write")
      .input(inputOf("app.stop"))
      .mutation(({ input, ctx }) => operate(ctx, "app.stop", input)),
    clear: needs("apps.write")
      .input(inputOf("app.clear"))
      .mutation(({ input, ctx }) => operate(ctx, "app.clear", input)),
  };
}
