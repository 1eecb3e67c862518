import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import { Wakeable } from "../log/wakeable.ts";
import { type Ownership, ownedPartitions } from "./ownership.ts";

export interface HandoverOptions {
  readonly ownership: Ownership;
  readonly broker: Pick<Broker, "listenTo">;
  readonly logger: Logger;
  /** Called once the hosts of these partitions are heard: what they said meanwhile nobody has heard. */
  takeOver(partitions: ReadonlySet<number>): Promise<void>;
}

/** Keeps this hub's ear on the hosts of its partitions, as these come and go. */
export function followOwnership(options: HandoverOptions): { stop(): Promise<void> } {
  const { ownership, broker, logger } = options;
  const taken = new Map<number, number>();
  const loop = new Wakeable(
    async () => {
      const owned = ownedPartitions(ownership);
      await broker.listenTo(owned);
      const fresh = owned.filter((one) => taken.get(one) !== ownership.tokenOf(one));
      for (const partition of taken.keys()) if (!owned.includes(partition)) taken.delete(partition);
      if (fresh.length === 0) return false;
      const tokens = fresh.map((one) => ownership.tokenOf(one));
      await options.takeOver(new Set(fresh));
      for (const [at, partition] of fresh.entries()) {
        const token = tokens[at];
        if (token !== null && token !== undefined) taken.set(partition, token);
      }
      return true;
    },
    { idleMs: 1000, logger, failing: "hosts of another hub can't be taken over; retrying" },
  );
  const subscription = ownership.onChanged(loop.wake);
  loop.start();
  return {
    async stop() {
      subscription[Symbol.dispose]();
      await loop.stop();
    },
  };
}
