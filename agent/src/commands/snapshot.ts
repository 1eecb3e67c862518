import { Fault } from "@cloudphone/shared/fault";
import type { Supervisor } from "../devices/supervisor.ts";
import type { Snapshots } from "../providers/provider.ts";
import type { Handlers } from "./runner.ts";

export const snapshotHandlers: Pick<Handlers, Extract<keyof Handlers, `snapshot.${string}`>> = {
  "snapshot.create": ({ snapshotId }, context) => {
    const snapshots = abilityOf(context.device);
    return context.device.whileOff(context, async (keep, options) => {
      const { bytes } = await snapshots.create(keep, snapshotId, options);
      return { keep, answer: { snapshotId, bytes } };
    });
  },
  "snapshot.restore": ({ snapshotId }, context) => {
    const snapshots = abilityOf(context.device);
    // Without a lease nobody would wipe the customer's data off the phone again.
    if (context.token === 0)
      throw new Fault("conflict", "A snapshot can only be restored on a phone that is leased.");
    return context.device.whileOff(context, async (handle, options) => {
      const keep = await snapshots.restore(handle, snapshotId, options);
      return { keep, answer: { snapshotId } };
    });
  },
  "snapshot.delete": async ({ snapshotId }, { fleet, device, signal }) => {
    // The phone it was taken of tells whose it is. Once that is gone, every provider of the host is asked.
    const keepers = device?.snapshots ? [device.snapshots] : fleet.snapshots();
    for (const snapshots of keepers) await snapshots.delete(snapshotId, { signal });
    return { snapshotId };
  },
};

function abilityOf(device: Supervisor): Snapshots {
  if (device.snapshots) return device.snapshots;
  throw new Fault("unsupported", "This kind of phone can't be copied.");
}
