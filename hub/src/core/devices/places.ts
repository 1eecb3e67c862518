import type { Id } from "@cloudphone/shared/ids";
import type { PlacesOf } from "../../platform/log/authority.ts";
import type { Database } from "../../platform/postgres/database.ts";

const remembered = 100_000;

/** Which host a device is on, for who reads what hosts say: asked of the database once, since a device stays on its host for as long as it is there. */
export function createPlaces({ query }: Database): PlacesOf {
  const known = new Map<Id, Id>();
  return async (deviceIds) => {
    const asked = deviceIds.filter((id) => !known.has(id));
    if (asked.length > 0)
      for (const { id, host_id } of await query<{ id: Id; host_id: Id }>`
        select id, host_id from devices where id::text = any(${asked}::text[])`)
        known.set(id, host_id);
    const found = new Map(
      deviceIds.flatMap((id) => {
        const hostId = known.get(id);
        return hostId === undefined ? [] : [[id, hostId] as const];
      }),
    );
    while (known.size > remembered) known.delete(known.keys().next().value ?? "");
    return found;
  };
}
