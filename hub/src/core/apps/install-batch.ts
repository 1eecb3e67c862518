import type { EventData, EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Decision, Intervention, Saga, SagaInput } from "../../platform/context.ts";

/** Where one phone of a batch is. `asked`: its install is under way; the last three are ends. */
type ItemState = "waiting" | "asked" | "installed" | "failed" | "cancelled";

interface Item {
  readonly commandId: Id;
  readonly deviceId: Id;
  readonly hostId: Id;
  readonly state: ItemState;
}

/** All that a batch knows. Stored as JSON. */
export interface InstallBatch {
  readonly batchId: Id;
  readonly userId: Id;
  readonly packageName: string;
  readonly parallel: number;
  readonly items: readonly Item[];
  readonly ended: boolean;
}

const inputs = [
  "app.batch.requested",
  "app.batch.install.refused",
  "app.batch.cancel.requested",
  "app.install.completed",
  "app.install.failed",
  // By an agent that does not know the command.
  "device.command.refused",
] as const;
type BatchEvent = (typeof inputs)[number];

export interface InstallBatchOptions {
  /** After so long without any outcome, those under way have failed: longer than an install's own deadline. */
  readonly silenceMs: number;
}

/**
 * One app to many phones: as many at a time on each host as the batch says, the next one when one has ended. A phone that fails, or whose host is
 * away, costs the others nothing. Cancelled, those whose turn has not come get nothing more; what is under way ends as it ends.
 */
export function installBatchSaga(options: InstallBatchOptions): Saga<InstallBatch, BatchEvent> {
  return {
    name: "install-batch",
    starts: "app.batch.requested",
    on: inputs,
    route: routeToBatch,
    decide: (state, input) => decideBatch(state, input, options),
  };
}

/** Of an install's outcome, the batch is what its command was correlated with; of an install on its own there is no saga by that id. */
const routeToBatch = ({ data, correlationId }: RecordedEvent<BatchEvent>): Id =>
  "batchId" in data ? data.batchId : correlationId;

/** Pure; exported for its tests. */
export function decideBatch(
  batch: InstallBatch | null,
  input: SagaInput<BatchEvent>,
  options: InstallBatchOptions,
): Decision<InstallBatch> | null {
  if (batch === null) {
    if (input.kind !== "event" || input.event.type !== "app.batch.requested") return null;
    const note = `asked for on ${input.event.data.items.length} phones`;
    return advance(begin(input.event.data), { note }, options);
  }
  if (batch.ended) return null;
  if (input.kind === "deadline")
    return advance(
      change(batch, ({ state }) => state === "asked", "failed"),
      { note: "no outcome in time; those under way have failed" },
      options,
    );
  if (input.kind === "operator") return onOperator(batch, input.wish, options);
  return onEvent(batch, input.event, options);
}

/** Each phone is asked once, so going on gives those under way another while; undoing is what its customer's cancelling is. */
function onOperator(
  batch: InstallBatch,
  wish: Intervention,
  options: InstallBatchOptions,
): Decision<InstallBatch> | null {
  if (wish === "retry")
    return advance(batch, { note: "those under way have another while" }, options);
  return batch.items.some(({ state }) => state === "waiting")
    ? cancelWaiting(batch, options)
    : null;
}

function onEvent(
  batch: InstallBatch,
  event: RecordedEvent<BatchEvent>,
  options: InstallBatchOptions,
): Decision<InstallBatch> | null {
  switch (event.type) {
    case "app.batch.requested":
      break;
    case "app.batch.cancel.requested":
      return cancelWaiting(batch, options);
    case "app.batch.install.refused":
    case "app.install.failed":
    case "device.command.refused":
      return settle(batch, { ...event.data, state: "failed" }, options);
    case "app.install.completed":
      return settle(batch, { ...event.data, state: "installed" }, options);
  }
  return null;
}

function cancelWaiting(batch: InstallBatch, options: InstallBatchOptions): Decision<InstallBatch> {
  const waiting = batch.items.filter(({ state }) => state === "waiting");
  const next = change(batch, ({ state }) => state === "waiting", "cancelled");
  const note = `cancelled; ${waiting.length} phones had not begun`;
  return advance(next, { note, first: cancelled(batch, waiting) }, options);
}

const cancelled = (
  { batchId, userId }: InstallBatch,
  items: readonly Item[],
): EventDraft<"app.batch.installs.cancelled">[] =>
  items.length === 0
    ? []
    : [
        {
          type: "app.batch.installs.cancelled",
          subject: batchId,
          data: { batchId, userId, commandIds: items.map(({ commandId }) => commandId) },
        },
      ];

const begin = (asked: EventData<"app.batch.requested">): InstallBatch => ({
  batchId: asked.batchId,
  userId: asked.userId,
  packageName: asked.packageName,
  parallel: asked.parallel,
  items: asked.items.map((item) => ({ ...item, state: "waiting" })),
  ended: false,
});

const change = (
  batch: InstallBatch,
  which: (item: Item) => boolean,
  state: ItemState,
): InstallBatch => ({
  ...batch,
  items: batch.items.map((item) => (which(item) ? { ...item, state } : item)),
});

/** An outcome counts once; a success that comes after all corrects a failure for want of an answer. */
function settle(
  batch: InstallBatch,
  { commandId, state }: { commandId: Id; state: "installed" | "failed" },
  options: InstallBatchOptions,
): Decision<InstallBatch> | null {
  const item = batch.items.find((one) => one.commandId === commandId);
  const open = item?.state === "asked" || (item?.state === "failed" && state === "installed");
  if (!item || !open) return null;
  const note = `${item.deviceId} ${state === "installed" ? "has it" : "failed"}`;
  return advance(
    change(batch, (one) => one === item, state),
    { note },
    options,
  );
}

/** Asks for as many installs as there is room for; ends when nothing waits and nothing is under way. */
function advance(
  batch: InstallBatch,
  { note, first = [] }: { note: string; first?: readonly EventDraft[] },
  { silenceMs }: InstallBatchOptions,
): Decision<InstallBatch> {
  const { batchId, userId, packageName } = batch;
  const turn = nextTurns(batch);
  const next = change(batch, (item) => turn.includes(item), "asked");
  const count = (state: ItemState): number =>
    next.items.filter((item) => item.state === state).length;
  const asks = turn.map(
    ({ commandId, deviceId }): EventDraft => ({
      type: "app.batch.install.requested",
      subject: batchId,
      data: { batchId, userId, commandId, deviceId },
    }),
  );
  const [installed, failed, gone] = [count("installed"), count("failed"), count("cancelled")];
  const ended = installed + failed + gone === next.items.length;
  const result = { batchId, userId, packageName, installed, failed, cancelled: gone };
  const end: EventDraft = { type: "app.batch.completed", subject: batchId, data: result };
  return {
    state: { ...next, ended },
    status: ended ? "completed" : "running",
    phase: ended ? "done" : `${installed + failed + gone} of ${next.items.length} done`,
    emit: [...first, ...asks, ...(ended ? [end] : [])],
    deadlineMs: ended ? null : silenceMs,
    note,
  };
}

function nextTurns({ items, parallel }: InstallBatch): Item[] {
  const busy = new Map<Id, number>();
  for (const { hostId, state } of items)
    if (state === "asked") busy.set(hostId, (busy.get(hostId) ?? 0) + 1);
  return items.filter(({ hostId, state }) => {
    const now = busy.get(hostId) ?? 0;
    if (state !== "waiting" || now >= parallel) return false;
    busy.set(hostId, now + 1);
    return true;
  });
}
