import { parseHostStream } from "@cloudphone/shared/envelope";
import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Consumer, HandlerContext } from "../../platform/context.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { lockLedger } from "../ledger/ledger.ts";
import { rateOrder } from "./rating.ts";
import { giveUpRun, learnRun, type RunLength, type RunNews } from "./record.ts";
import { lockRecord, openRecord, openRunsOf, storeLength, type UsageRecord } from "./records.ts";

type RunEvent = RecordedEvent<"device.started" | "device.usage.confirmed" | "device.stopped">;

/**
 * Meters: each run of a leased device is a usage record, charged for when it closes. The host tells a run's end and its length; when that host's store is gone
 * (a new epoch) or the host was removed, the run ends at its last confirmed second, and should the truth still arrive, the difference is
 * charged on top. So each second is billed once, whatever comes late, twice or in another order.
 */
export const usageConsumer: Consumer = {
  name: "billing.usage",
  on: {
    "device.started": (event, context) => meter(event, context),
    "device.usage.confirmed": (event, context) => meter(event, context),
    "device.stopped": (event, context) => meter(event, context),
    "host.started": async ({ data, position }, context) => {
      await lockLedger(context.tx);
      if (await rememberStore(context.tx, { ...data, position }))
        await giveUpRuns(data.hostId, data.epoch, context);
    },
    "host.removed": async ({ data, position }, context) => {
      await lockLedger(context.tx);
      await context.tx`
        insert into usage_hosts (host_id, epoch, since_position, removed_position)
        values (${data.hostId}, '', 0, ${position})
        on conflict (host_id) do update set removed_position = excluded.removed_position`;
      await giveUpRuns(data.hostId, null, context);
    },
  },
};

async function meter(event: RunEvent, context: HandlerContext): Promise<void> {
  const { data } = event;
  const { tx, emit } = context;
  const { runId, deviceId, lease, startedAt } = data;
  if (lease === null) return;
  await lockLedger(tx);
  const known = await lockRecord(tx, runId);
  if (!known) {
    const origin = parseHostStream(event.stream);
    await openRecord(tx, { runId, deviceId, lease, startedAt, origin });
    await emit({ type: "usage.opened", subject: runId, data: { runId, deviceId, lease } });
  }
  const length = learnRun(known, await newsOf(event, tx));
  const reason =
    event.type === "device.stopped" && known?.closedBy !== "host"
      ? event.data.reason
      : (known?.reason ?? null);
  await storeLength(tx, runId, { ...length, reason });
  if (length.durationMs !== null) await rateOrder(lease.orderId, context, runId);
}

async function newsOf(event: RunEvent, tx: Tx): Promise<RunNews> {
  if (event.type === "device.stopped")
    return { kind: "stopped", durationMs: event.data.durationMs };
  const confirmedMs = event.type === "device.usage.confirmed" ? event.data.durationMs : 0;
  return { kind: "running", confirmedMs, stale: await isStale(event, tx) };
}

/** True when the store that tells this has ended since: another was begun, or the host was removed, later in the log. */
async function isStale({ stream, position }: RunEvent, tx: Tx): Promise<boolean> {
  const origin = parseHostStream(stream);
  if (!origin) return false;
  const [host] = await tx`
    select 1 as found from usage_hosts where host_id = ${origin.hostId} and (removed_position > ${position}
      or (epoch <> ${origin.epoch} and since_position > ${position}))`;
  return host !== undefined;
}

/** False when a later store of this host is known already. */
async function rememberStore(
  tx: Tx,
  store: { hostId: string; epoch: string; position: number },
): Promise<boolean> {
  const rows = await tx`
    insert into usage_hosts (host_id, epoch, since_position) values (${store.hostId}, ${store.epoch}, ${store.position})
    on conflict (host_id) do update set epoch = excluded.epoch, since_position = excluded.since_position
    where usage_hosts.since_position < excluded.since_position returning host_id`;
  return rows.count > 0;
}

/** Closes, at what was confirmed, the open runs of a host of which no end will be told: all, or those of other stores than `epoch`. */
async function giveUpRuns(
  hostId: string,
  epoch: string | null,
  context: HandlerContext,
): Promise<void> {
  for (const run of await openRunsOf(context.tx, hostId, epoch)) await giveUp(run, context);
}

async function giveUp(run: UsageRecord, context: HandlerContext): Promise<void> {
  const length: RunLength = giveUpRun(run);
  await storeLength(context.tx, run.runId, { ...length, reason: "host lost" });
  await rateOrder(run.orderId, context, run.runId);
}
