import { commandCatalog } from "@cloudphone/shared/commands/catalog";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { type Caller, type RequestContext, requestCause } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { CoreDeps } from "../deps.ts";
import type { Devices } from "./devices.ts";

/** The commands that one person gives to one phone, with nothing of the hub's own in them. */
export type Operation =
  | "app.list"
  | "app.start"
  | "app.stop"
  | "app.clear"
  | "device.inspect"
  | "device.getprop"
  | "device.setprop"
  | "device.rotate"
  | "device.resize"
  | "device.locate"
  | "device.locale.set"
  | "device.timezone.set"
  | "device.proxy.set";

/** What each of their procedures takes besides the command's data. */
const keyedSchema = z.object({
  /** An id or a name. */
  device: z.string().min(1).max(100),
  idempotencyKey: z.uuid(),
});

/** A procedure's input: which phone, a key, and the command's data beside them. */
export const inputOf = <T extends Operation>(type: T) =>
  keyedSchema.extend(
    commandCatalog[type].data.shape as (typeof commandCatalog)[T]["data"]["shape"],
  );

export interface Pending {
  readonly commandId: Id;
  readonly deviceId: Id;
}

export type Operate = <T extends Operation>(
  ctx: RequestContext & { caller: Caller },
  type: T,
  input: z.infer<typeof keyedSchema> & z.infer<ReturnType<typeof inputOf<T>>>,
) => Promise<Pending>;

/** Gives such a command, once per key; its outcome is at `devices.command`. */
export function createOperate(devices: Devices, deps: CoreDeps): Operate {
  const { database, source } = deps;
  return async (ctx, type, { device, idempotencyKey, ...asked }) => {
    const { caller } = ctx;
    const cause = requestCause(ctx);
    const call = {
      userId: caller.userId,
      key: idempotencyKey,
      operation: type,
      input: { device, ...asked },
    };
    const answer = await idempotent(database, call, async (tx) => {
      const commandId = source.id();
      const shot = { ref: device, type, commandId, data: asked, cause };
      const { deviceId } = await devices.command(tx, caller, shot);
      const data = { commandId, deviceId, userId: caller.userId, asked };
      const requested = { type: `${type}.requested`, subject: deviceId, data } as EventDraft;
      await emit(tx, [requested], { cause, source });
      return { commandId, deviceId };
    });
    deps.wake();
    return answer;
  };
}
