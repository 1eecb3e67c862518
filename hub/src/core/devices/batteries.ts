import type { Battery } from "@cloudphone/shared/device";
import type { Id } from "@cloudphone/shared/ids";
import type { Heartbeat } from "@cloudphone/shared/link";

/**
 * What hosts last said of their phones' batteries: telemetry, kept in memory, replaced by each heartbeat and forgotten when the host goes. A host speaks
 * of its own phones only, whatever ids it says.
 */
export class Batteries {
  readonly #byHost = new Map<Id, Heartbeat["batteries"]>();

  note(hostId: Id, { batteries }: Heartbeat): void {
    this.#byHost.set(hostId, batteries);
  }

  forget(hostId: Id): void {
    this.#byHost.delete(hostId);
  }

  of(hostId: Id, deviceId: Id): Battery | null {
    return this.#byHost.get(hostId)?.[deviceId] ?? null;
  }
}
