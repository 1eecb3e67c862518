import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import {
  type EventType,
  isEventType,
  readEventData,
  type RecordedEvent,
} from "@cloudphone/shared/events/catalog";
import type { Consumer, HandlerContext, Handlers } from "../context.ts";
import type { Tx } from "../postgres/database.ts";
import { isForged } from "./authority.ts";

/** Why an event is to be parked: it is of a newer release (`waiting`), or not what its version promises (`dead`). */
export interface Unreadable {
  readonly state: "waiting" | "dead";
  readonly error: string;
}

export type ForConsumer =
  | { readonly outcome: "take"; readonly event: RecordedEvent }
  | { readonly outcome: "skip" }
  | { readonly outcome: "park"; readonly row: Unreadable };

/** What a consumer is to make of an event. Pure. */
export function readFor(consumer: Consumer, event: RecordedEnvelope): ForConsumer {
  const reading = readEventData(event);
  if (reading.outcome !== "known") {
    const state = reading.outcome === "unknown" ? "waiting" : "dead";
    return { outcome: "park", row: { state, error: reading.reason } };
  }
  if (!isEventType(event.type) || isForged(event) || !consumer.on[event.type])
    return { outcome: "skip" };
  return { outcome: "take", event: { ...event, data: reading.data } as RecordedEvent };
}

/** What makes a consumer one that takes many events at once: one by itself is a batch of one, so there is one fold and no second. */
export function folding(
  types: readonly EventType[],
  fold: NonNullable<Consumer["fold"]>,
): Pick<Consumer, "on" | "fold"> {
  const one = (event: RecordedEvent, { tx, source }: HandlerContext): Promise<void> =>
    fold(tx, [event], source);
  return { on: Object.fromEntries(types.map((type) => [type, one])) as Handlers, fold };
}

/** Has a consumer take events in, in order: all at once when it can. */
export async function handleEvents(
  consumer: Consumer,
  events: readonly RecordedEvent[],
  { tx, contextOf }: { tx: Tx; contextOf: (event: RecordedEvent) => HandlerContext },
): Promise<void> {
  const [first] = events;
  if (!first) return;
  if (consumer.fold) return consumer.fold(tx, events, contextOf(first).source);
  for (const event of events) {
    const handler = consumer.on[event.type] as
      | ((event: RecordedEvent, context: HandlerContext) => Promise<void>)
      | undefined;
    await handler?.(event, contextOf(event));
  }
}
