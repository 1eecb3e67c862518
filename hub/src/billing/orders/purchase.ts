import type { EventDraft, EventData, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Decision, OperatorInput, Saga, SagaInput } from "../../platform/context.ts";

/** All that a purchase knows, kept as facts that may arrive in any order, and what it has asked for. Stored as JSON. */
export interface Purchase {
  readonly order: EventData<"order.created">;
  readonly held: boolean;
  /** When the phone was asked for, by the log's clock. */
  readonly askedAt: string | null;
  readonly deviceId: string | null;
  readonly started: boolean;
  /** How often the capture was asked for; from the first time on there is no way back. */
  readonly capturesAsked: number;
  readonly captured: boolean;
  readonly end: "paid" | "cancelled" | null;
  /** Why an operator has it undone although the payment was asked for: until the wallet says whether it was taken. */
  readonly undoing?: string;
}

const inputs = [
  "order.created",
  "payment.held",
  "payment.refused",
  "payment.captured",
  "payment.voided",
  "device.allocated",
  "device.allocate.failed",
  "device.released",
  "device.started",
] as const;
type PurchaseEvent = (typeof inputs)[number];

export interface PurchaseOptions {
  /** For the answer about the money; then, together, for a phone that is allocated and running; then for the capture. */
  readonly deadlineMs: number;
}

const mostCaptures = 3;

/**
 * Order → hold → allocate → running → capture → paid, or cancelled with all of it undone.
 *
 * - awaiting payment: the price is to be set aside in the wallet. Refused or unanswered: cancelled.
 * - awaiting phone: a phone is to be allocated. None, or no answer: cancelled, the hold voided, the phone released should it still come.
 * - awaiting start: it is to boot and run. Not in time, or taken away: cancelled likewise.
 * - awaiting capture: it ran, so the money is to be taken. No way back from here: a void could race with the capture. Unanswered, it is asked for again,
 *   then it is an operator's.
 * - undoing: only an operator goes here, from awaiting capture. The wallet hears of the void after every capture, so exactly one of both is true: voided, it is
 *   cancelled; taken, it is paid, and a refund is the operator's next word.
 * - paid, cancelled: the ends. What arrives late at a cancelled order (a phone, a hold) is given back again.
 */
export function purchaseSaga(options: PurchaseOptions): Saga<Purchase, PurchaseEvent> {
  return {
    name: "buy-plan",
    starts: "order.created",
    on: inputs,
    route: routeToOrder,
    decide: (state, input) => decidePurchase(state, input, options),
  };
}

function routeToOrder({ data }: RecordedEvent<PurchaseEvent>): string | null {
  if ("orderId" in data) return data.orderId;
  return data.lease?.orderId ?? null;
}

/** Pure; exported for its tests. */
export function decidePurchase(
  purchase: Purchase | null,
  input: SagaInput<PurchaseEvent>,
  options: PurchaseOptions,
): Decision<Purchase> | null {
  if (purchase === null) {
    if (input.kind !== "event" || input.event.type !== "order.created") return null;
    return begin(input.event.data, options);
  }
  if (input.kind === "operator") return onOperator(purchase, input, options);
  if (purchase.end === "cancelled") return giveBackLate(purchase, input);
  if (purchase.end === "paid") return null;
  if (purchase.undoing !== undefined) return onUndoing(purchase, purchase.undoing, input);
  if (input.kind === "deadline") return onDeadline(purchase, options);
  return onEvent(purchase, input.event, options);
}

function begin(order: EventData<"order.created">, { deadlineMs }: PurchaseOptions) {
  const purchase: Purchase = {
    order,
    held: false,
    askedAt: null,
    deviceId: null,
    started: false,
    capturesAsked: 0,
    captured: false,
    end: null,
  };
  return step(purchase, {
    note: "order received; the price is to be held",
    emit: [askHold(order)],
    deadlineMs,
  });
}

function onEvent(
  purchase: Purchase,
  event: RecordedEvent<PurchaseEvent>,
  options: PurchaseOptions,
): Decision<Purchase> | null {
  switch (event.type) {
    case "order.created":
    case "payment.voided":
      break;
    case "payment.held":
      if (purchase.held) return null;
      return advance({ ...purchase, held: true }, event, options);
    case "device.allocated":
      if (purchase.deviceId !== null) return null;
      return advance({ ...purchase, deviceId: event.data.deviceId }, event, options);
    case "device.started":
      if (purchase.started) return null;
      return advance({ ...purchase, started: true }, event, options);
    case "payment.captured":
      return advance({ ...purchase, captured: true }, event, options);
    case "payment.refused":
    case "device.allocate.failed":
      return purchase.capturesAsked > 0 ? null : cancel(purchase, event.data.reason);
    case "device.released":
      if (purchase.capturesAsked > 0) return null;
      return cancel(purchase, "The phone was taken back before it ran.");
  }
  return null;
}

/** Asks for the next thing that the facts allow; each thing once. */
function advance(
  purchase: Purchase,
  event: RecordedEvent<PurchaseEvent>,
  { deadlineMs }: PurchaseOptions,
): Decision<Purchase> {
  const { order, held, askedAt, deviceId, started, capturesAsked, captured } = purchase;
  if (captured && deviceId !== null && capturesAsked > 0)
    return pay(purchase, deviceId, "payment taken");
  if (held && deviceId !== null && started && capturesAsked === 0)
    return step(
      { ...purchase, capturesAsked: 1 },
      { note: "the phone runs; the payment is to be taken", emit: [askCapture(order)], deadlineMs },
    );
  if (held && askedAt === null)
    return step(
      { ...purchase, askedAt: event.recordedAt },
      { note: "price held; a phone is to be allocated", emit: [askPhone(order)], deadlineMs },
    );
  // The one deadline runs on from when the phone was asked for; within bounds, should the database's clock have jumped.
  const spentMs = askedAt === null ? 0 : Date.parse(event.recordedAt) - Date.parse(askedAt);
  const leftMs = Math.min(deadlineMs, Math.max(1, deadlineMs - spentMs));
  return step(purchase, { note: notes[event.type] ?? event.type, emit: [], deadlineMs: leftMs });
}

const notes: Partial<Record<PurchaseEvent, string>> = {
  "device.allocated": "phone allocated; it is to start",
  "device.started": "the phone runs",
};

function onDeadline(purchase: Purchase, { deadlineMs }: PurchaseOptions): Decision<Purchase> {
  const { order, capturesAsked, askedAt, deviceId } = purchase;
  if (capturesAsked >= mostCaptures)
    return {
      ...step(purchase, {
        note: `no answer to ${mostCaptures} requests to take the payment`,
        emit: [],
        deadlineMs: null,
      }),
      status: "needs_operator",
    };
  if (capturesAsked > 0)
    return step(
      { ...purchase, capturesAsked: capturesAsked + 1 },
      { note: "no answer about the payment; asked again", emit: [askCapture(order)], deadlineMs },
    );
  const seconds = Math.round(deadlineMs / 100) / 10;
  if (askedAt === null) return cancel(purchase, `The payment was not answered in ${seconds} s.`);
  return cancel(
    purchase,
    deviceId === null
      ? `No phone could be given within ${seconds} s.`
      : `The phone did not start within ${seconds} s.`,
  );
}

function pay(purchase: Purchase, deviceId: string, note: string): Decision<Purchase> {
  const { orderId, sagaId, userId, amountMinor, currency } = purchase.order;
  const data = { orderId, sagaId, userId, deviceId, amountMinor, currency };
  return step(
    { ...purchase, end: "paid" },
    { note, emit: [{ type: "order.paid", subject: orderId, data }], deadlineMs: null },
  );
}

/** Every question may be asked again: whoever answers it gives an order one answer. */
function onOperator(
  purchase: Purchase,
  { wish, reason, at }: OperatorInput,
  { deadlineMs }: PurchaseOptions,
): Decision<Purchase> | null {
  const { order, end, capturesAsked, askedAt, deviceId, undoing } = purchase;
  if (end !== null) return null;
  if (wish === "compensate" && capturesAsked === 0) return cancel(purchase, reason);
  if (wish === "compensate" || undoing !== undefined)
    return step(
      { ...purchase, undoing: undoing ?? reason },
      { note: "the payment is to be undone", emit: [askVoid(order, reason)], deadlineMs },
    );
  if (capturesAsked > 0)
    return step(
      { ...purchase, capturesAsked: 1 },
      { note: "asked again for the payment", emit: [askCapture(order)], deadlineMs },
    );
  if (askedAt === null)
    return step(purchase, { note: "asked again for the hold", emit: [askHold(order)], deadlineMs });
  return step(
    { ...purchase, askedAt: at },
    {
      note: deviceId === null ? "asked again for a phone" : "the phone has another while to start",
      emit: deviceId === null ? [askPhone(order)] : [],
      deadlineMs,
    },
  );
}

function onUndoing(
  purchase: Purchase,
  reason: string,
  input: SagaInput<PurchaseEvent>,
): Decision<Purchase> | null {
  if (input.kind === "deadline")
    return {
      ...step(purchase, {
        note: "no answer to the request to undo the payment",
        emit: [],
        deadlineMs: null,
      }),
      status: "needs_operator",
    };
  if (input.kind === "operator") return null;
  if (input.event.type === "payment.voided") return cancel(purchase, reason);
  if (input.event.type === "payment.captured" && purchase.deviceId !== null)
    return pay(
      { ...purchase, captured: true },
      purchase.deviceId,
      "the payment had been taken before it could be undone: the order is paid, and can be refunded",
    );
  return null;
}

/** The end that undoes: whatever was asked for is given back, whether or not its answer came. */
function cancel(purchase: Purchase, reason: string): Decision<Purchase> {
  const { orderId, sagaId, userId } = purchase.order;
  const emit: EventDraft[] = [askVoid(purchase.order, reason)];
  if (purchase.askedAt !== null || purchase.deviceId !== null || purchase.started)
    emit.push(askRelease(purchase.order, reason));
  emit.push({
    type: "order.cancelled",
    subject: orderId,
    data: { orderId, sagaId, userId, reason },
  });
  return step({ ...purchase, end: "cancelled" }, { note: reason, emit, deadlineMs: null });
}

function giveBackLate(
  purchase: Purchase,
  input: SagaInput<PurchaseEvent>,
): Decision<Purchase> | null {
  if (input.kind !== "event") return null;
  const { order } = purchase;
  switch (input.event.type) {
    case "device.allocated":
    case "device.started":
      return step(purchase, {
        note: "a phone came after the end; given back",
        emit: [askRelease(order, "The order was cancelled.")],
        deadlineMs: null,
      });
    case "payment.held":
      return step(purchase, {
        note: "the hold came after the end; given back",
        emit: [askVoid(order, "The order was cancelled.")],
        deadlineMs: null,
      });
    case "payment.captured":
      // Can't be: a capture is asked for once there is no way back, and a payment is either captured or voided.
      return {
        ...step(purchase, {
          note: "money was taken for a cancelled order",
          emit: [],
          deadlineMs: null,
        }),
        status: "needs_operator",
      };
    case "order.created":
    case "payment.refused":
    case "payment.voided":
    case "device.allocate.failed":
    case "device.released":
      break;
  }
  return null;
}

type Order = Purchase["order"];

function askHold(order: Order): EventDraft {
  const { orderId, sagaId, userId, amountMinor, currency } = order;
  const data = { orderId, sagaId, userId, amountMinor, currency };
  return { type: "payment.hold.requested", subject: orderId, data };
}

function askPhone(order: Order): EventDraft {
  const { orderId, sagaId, userId, planId, spec, labels, leaseMs } = order;
  const data = { orderId, sagaId, userId, planId, spec, labels, leaseMs };
  return { type: "device.allocate.requested", subject: orderId, data };
}

const askCapture = ({ orderId, sagaId, userId }: Order): EventDraft => ({
  type: "payment.capture.requested",
  subject: orderId,
  data: { orderId, sagaId, userId },
});

const askVoid = ({ orderId, sagaId, userId }: Order, reason: string): EventDraft => ({
  type: "payment.void.requested",
  subject: orderId,
  data: { orderId, sagaId, userId, reason },
});

const askRelease = ({ orderId }: Order, reason: string): EventDraft => ({
  type: "device.release.requested",
  subject: orderId,
  data: { orderId, reason },
});

function step(
  purchase: Purchase,
  next: { note: string; emit: readonly EventDraft[]; deadlineMs: number | null },
): Decision<Purchase> {
  return { state: purchase, ...placeOf(purchase), ...next };
}

function placeOf(purchase: Purchase): Pick<Decision<Purchase>, "status" | "phase"> {
  if (purchase.end === "paid") return { status: "completed", phase: "paid" };
  if (purchase.end === "cancelled") return { status: "compensated", phase: "cancelled" };
  if (purchase.undoing !== undefined) return { status: "running", phase: "undoing the payment" };
  if (purchase.capturesAsked > 0) return { status: "running", phase: "awaiting capture" };
  if (!purchase.held) return { status: "running", phase: "awaiting payment" };
  return {
    status: "running",
    phase: purchase.deviceId === null ? "awaiting phone" : "awaiting start",
  };
}
