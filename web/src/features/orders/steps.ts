/** Where a purchase stands, as its events tell. */
type StepName = "ordered" | "held" | "allocated" | "started" | "paid";
export type StepState = "done" | "going" | "waiting" | "failed";

export interface Step {
  readonly name: StepName;
  readonly state: StepState;
  /** When it was done or failed. */
  readonly at: string | null;
  /** Why it failed. */
  readonly reason: string | null;
}

/** As much of an event as tells of a step. */
export interface StepEvent {
  readonly type: string;
  readonly recordedAt: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const doneBy: Readonly<Record<StepName, string>> = {
  ordered: "order.created",
  held: "payment.held",
  allocated: "device.allocated",
  started: "device.started",
  paid: "order.paid",
};
const names = Object.keys(doneBy) as StepName[];

/**
 * The steps of one purchase. Events come in any order and some more than once; the first of each kind counts. A cancelled order failed at the first step that it
 * has not done; after `order.paid` every step is done, whether its event was seen or not.
 */
export function purchaseSteps(events: readonly StepEvent[]): Step[] {
  const first = new Map<string, StepEvent>();
  for (const event of events) if (!first.has(event.type)) first.set(event.type, event);
  const paid = first.get("order.paid");
  const cancelled = first.get("order.cancelled");
  let isOpen = true;
  return names.map((name) => {
    const event = first.get(doneBy[name]) ?? (name === "ordered" ? undefined : paid);
    if (event && (isOpen || paid))
      return { name, state: "done", at: event.recordedAt, reason: null };
    const isNext = isOpen;
    isOpen = false;
    if (!isNext || (name === "ordered" && events.length === 0))
      return { name, state: "waiting", at: null, reason: null };
    if (!cancelled) return { name, state: "going", at: null, reason: null };
    const { reason } = cancelled.data;
    return {
      name,
      state: "failed",
      at: cancelled.recordedAt,
      reason: typeof reason === "string" ? reason : null,
    };
  });
}
