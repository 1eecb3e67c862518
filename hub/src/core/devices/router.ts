import { deviceSpecSchema, labelNameSchema, labelValueSchema } from "@cloudphone/shared/device";
import { z } from "zod";
import { signPath } from "../../platform/auth/tokens.ts";
import { idempotent } from "../../platform/http/idempotency.ts";
import { needs, requestCause, router } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { CoreDeps } from "../deps.ts";
import type { Batteries } from "./batteries.ts";
import { countDevices, devicePageSchema, pageDevices } from "./device-pages.ts";
import type { Devices } from "./devices.ts";
import type { Operate } from "./operations.ts";
import { settingsProcedures } from "./settings-procedures.ts";

/** An id or a name. */
const device = z.string().min(1).max(100);
const keyed = z.object({ device, idempotencyKey: z.uuid() });
const screenshotPathMs = 5 * 60_000;

interface Parts {
  readonly devices: Devices;
  readonly operate: Operate;
  readonly batteries: Batteries;
}

export function devicesRouter({ devices, operate, batteries }: Parts, deps: CoreDeps) {
  const { database, source } = deps;
  return router({
    list: needs("devices.read").query(({ ctx }) => devices.list(ctx.caller)),
    /** All devices, page by page, newest first. */
    page: needs("customers.all")
      .input(devicePageSchema)
      .query(({ input }) => pageDevices(database.query, batteries, input)),
    count: needs("customers.all").query(() => countDevices(database.query)),
    show: needs("devices.read")
      .input(z.object({ device }))
      .query(({ input, ctx }) => devices.show(ctx.caller, input.device)),
    start: needs("devices.write")
      .input(z.object({ device }))
      .mutation(({ input, ctx }) =>
        devices.setPower(ctx.caller, input.device, { power: "running", cause: requestCause(ctx) }),
      ),
    stop: needs("devices.write")
      .input(z.object({ device }))
      .mutation(({ input, ctx }) =>
        devices.setPower(ctx.caller, input.device, { power: "stopped", cause: requestCause(ctx) }),
      ),
    restart: needs("devices.write")
      .input(keyed)
      .mutation(async ({ input, ctx }) => {
        const { caller } = ctx;
        const call = {
          userId: caller.userId,
          key: input.idempotencyKey,
          operation: "devices.restart",
          input: input.device,
        };
        const answer = await idempotent(database, call, async (tx) => {
          const commandId = source.id();
          const cause = requestCause(ctx);
          const shot = {
            ref: input.device,
            type: "device.restart" as const,
            commandId,
            data: {},
            cause,
          };
          const { deviceId } = await devices.command(tx, caller, shot);
          const data = { commandId, deviceId, userId: caller.userId };
          await emit(tx, [{ type: "device.restart.requested", subject: deviceId, data }], {
            cause,
            source,
          });
          return { commandId, deviceId };
        });
        deps.wake();
        return answer;
      }),
    /** The picture is at /screenshots/<commandId> once the command is completed. */
    screenshot: needs("devices.write")
      .input(keyed)
      .mutation(async ({ input, ctx }) => {
        const { caller } = ctx;
        const call = {
          userId: caller.userId,
          key: input.idempotencyKey,
          operation: "devices.screenshot",
          input: input.device,
        };
        const answer = await idempotent(database, call, async (tx) => {
          const commandId = source.id();
          const cause = requestCause(ctx);
          const path = signPath(
            deps.secrets.pathKey,
            `/screenshots/${commandId}`,
            source.now() + screenshotPathMs,
          );
          const shot = {
            ref: input.device,
            type: "device.screenshot" as const,
            commandId,
            data: { path },
            cause,
          };
          const { deviceId } = await devices.command(tx, caller, shot);
          const data = { commandId, deviceId, userId: caller.userId };
          await emit(tx, [{ type: "device.screenshot.requested", subject: deviceId, data }], {
            cause,
            source,
          });
          return { commandId, deviceId };
        });
        deps.wake();
        return answer;
      }),
    command: needs("devices.read")
      .input(z.object({ commandId: z.uuid() }))
      .query(({ input, ctx }) => devices.outcome(ctx.caller, input.commandId)),
    ...settingsProcedures(operate),
    /** Null takes a label away. */
    label: needs("devices.write")
      .input(z.object({ device, labels: z.record(labelNameSchema, labelValueSchema.nullable()) }))
      .mutation(({ input, ctx }) => devices.label(ctx.caller, input.device, input.labels)),
    /** Switches it off after so many minutes without anybody reaching into it; null: never. */
    setIdleStop: needs("devices.write")
      .input(z.object({ device, minutes: z.int().min(1).max(10_080).nullable() }))
      .mutation(({ input, ctx }) => devices.setIdleStop(ctx.caller, input.device, input.minutes)),
    create: needs("devices.create")
      .input(z.object({ spec: deviceSpecSchema }))
      .mutation(({ input, ctx }) => devices.create(input.spec, requestCause(ctx))),
    destroy: needs("devices.destroy")
      .input(z.object({ device }))
      .mutation(({ input, ctx }) => devices.destroy(ctx.caller, input.device, requestCause(ctx))),
  });
}
