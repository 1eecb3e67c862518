import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { isEventType, readEventData } from "@cloudphone/shared/events/catalog";
import type { Consumer, HandlerContext } from "../context.ts";
import { isForged } from "./authority.ts";

/** Has a consumer take one event in; otherwise says as what it is to be parked: of a newer release (`waiting`), or not what its version promises (`dead`). */
export async function handleEvent(
  consumer: Consumer,
  event: RecordedEnvelope,
  context: HandlerContext,
): Promise<{ state: "waiting" | "dead"; error: string } | null> {
  const reading = readEventData(event);
  if (reading.outcome !== "known") {
    const state = reading.outcome === "unknown" ? "waiting" : "dead";
    return { state, error: reading.reason };
  }
  if (!isEventType(event.type) || isForged(event)) return null;
  const handler = consumer.on[event.type] as
    | ((event: RecordedEnvelope, context: HandlerContext) => Promise<void>)
    | undefined;
  await handler?.({ ...event, data: reading.data }, context);
  return null;
}
