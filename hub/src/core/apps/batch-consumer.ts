import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { findPerson } from "../accounts/people.ts";
import type { Library } from "./library.ts";

/**
 * Does what the saga of a batch decides. Whether the phone is still the customer's, and on, is asked when its turn comes, by the same rules as for an
 * install on its own.
 */
export function batchConsumer(library: Library): Consumer {
  return {
    name: "core.batches",
    on: {
      "app.batch.install.requested": (event, context) => install(library, event, context),
      "app.batch.installs.cancelled": async ({ data }, { tx }) => {
        await tx`update installations set state = 'failed', code = 'cancelled', reason = 'The batch was cancelled.',
            ended_at = clock_timestamp()
          where batch_id = ${data.batchId} and id = any(${data.commandIds}::uuid[]) and state = 'pending'`;
      },
      "app.batch.completed": async ({ data }, { tx }) => {
        await tx`update install_batches set ended_at = clock_timestamp() where id = ${data.batchId} and ended_at is null`;
      },
    },
  };
}

async function install(
  library: Library,
  { data, correlationId, id }: RecordedEvent<"app.batch.install.requested">,
  { tx, emit }: HandlerContext,
): Promise<void> {
  const { batchId, userId, commandId, deviceId } = data;
  const [row] = await tx<{ app_id: Id; state: string }>`
    select app_id, state from installations where id = ${commandId} for update`;
  if (row?.state !== "pending") return;
  try {
    const caller = await callerOf(tx, userId);
    const app = await library.findApp(tx, caller, row.app_id);
    const cause = { correlationId, causationId: id };
    await emit(await library.beginInstall(tx, caller, { app, device: deviceId, commandId, cause }));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { code, message: reason } = error;
    await tx`update installations set state = 'failed', code = ${code}, reason = ${reason}, ended_at = clock_timestamp()
      where id = ${commandId}`;
    const refused = { batchId, userId, commandId, deviceId, code, reason };
    await emit({ type: "app.batch.install.refused", subject: batchId, data: refused });
  }
}

/** Whoever asked for the batch, with the role they have now. */
async function callerOf(tx: Tx, userId: Id): Promise<Caller> {
  const user = await findPerson(tx, userId);
  if (!user) throw new Fault("forbidden", "Whoever asked for this has no account any more.");
  return user;
}
