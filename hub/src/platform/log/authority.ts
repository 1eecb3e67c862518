import type { Envelope } from "@cloudphone/shared/envelope";
import { eventCatalog, isEventType } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";

/** Which host each of these devices is on; a device that nobody knows is not in the answer. */
export type PlacesOf = (deviceIds: readonly Id[]) => Promise<ReadonlyMap<Id, Id>>;

/**
 * Why this host may not say this, or null: a host speaks of itself and of its own phones, in events whose author is an agent. What only the hub may say would
 * move money or leases; what another host's phone does is that host's to tell. An event of a type that is not known yet is looked at again
 * by `isForged`, once it is. Pure.
 */
export function whyNotBy(
  hostId: Id,
  { type, data }: Pick<Envelope, "type" | "data">,
  places: ReadonlyMap<Id, Id>,
): string | null {
  if (isEventType(type) && eventCatalog[type].author !== "agent")
    return `only the hub itself says ${type}`;
  if (typeof data.hostId === "string" && data.hostId !== hostId)
    return "this is told of another host";
  const place = typeof data.deviceId === "string" ? places.get(data.deviceId) : undefined;
  return place === undefined || place === hostId ? null : "this is told of another host's phone";
}

/** Whether a host has said what only the hub may: stored by a release that did not know the type, and read by one that does. Pure. */
export const isForged = ({
  stream,
  type,
}: {
  readonly stream: string;
  readonly type: string;
}): boolean =>
  stream.startsWith("host:") && isEventType(type) && eventCatalog[type].author !== "agent";

/** The devices that events speak of. Pure. */
export const devicesIn = (events: readonly Pick<Envelope, "data">[]): Id[] => [
  ...new Set(
    events.flatMap(({ data }) => (typeof data.deviceId === "string" ? [data.deviceId] : [])),
  ),
];
