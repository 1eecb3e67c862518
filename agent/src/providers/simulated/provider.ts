import { Fault } from "@cloudphone/shared/fault";
import type { Handle, Observation, Provider, Snapshots } from "../provider.ts";
import type { SimFarm } from "./farm.ts";
import type { SimPhone } from "./phone.ts";

const kind = "simulated";

/** Simulated phones under the provider contract. The rest of the agent reaches them as it would any phone: through adb. */
export function createSimulatedProvider(farm: SimFarm): Provider {
  const phoneOf = (handle: Handle): SimPhone => {
    const phone = farm.find(idOf(handle));
    if (!phone) throw new Fault("not_found", "The simulated phone is not there any more.");
    return phone;
  };
  return {
    kind,
    fingerprint: () =>
      Promise.resolve({
        kind,
        available: true,
        reason: null,
        capacity: farm.options.capacity,
        labels: { abi: "arm64-v8a", simulated: "true", snapshots: "true" },
      }),
    list: ({ signal }) => list(farm, signal),
    create: async ({ deviceId, spec }, { signal }) => {
      signal.throwIfAborted();
      farm.create(deviceId, spec);
      return await Promise.resolve(handleOf(deviceId));
    },
    start: async (handle, { signal }) => {
      signal.throwIfAborted();
      phoneOf(handle);
      await farm.powerOn(idOf(handle));
    },
    stop: async (handle, { signal }) => {
      signal.throwIfAborted();
      farm.powerOff(idOf(handle));
      await Promise.resolve();
    },
    wipe: async (handle, { signal }) => {
      signal.throwIfAborted();
      phoneOf(handle);
      farm.wipe(idOf(handle));
      return await Promise.resolve(handle);
    },
    destroy: async (handle, { signal }) => {
      signal.throwIfAborted();
      farm.destroy(idOf(handle));
      await Promise.resolve();
    },
    observe: async (handle, { signal }): Promise<Observation> => {
      signal.throwIfAborted();
      const phone = farm.find(idOf(handle));
      const adb = farm.target(idOf(handle));
      if (!phone) return { state: "missing" };
      if (!phone.on || !adb) {
        const { offForMs } = phone;
        return { state: "stopped", ...(offForMs === null ? {} : { endedAgoMs: offForMs }) };
      }
      return await Promise.resolve({ state: "running", instanceId: phone.instanceId, adb });
    },
    snapshots: snapshotsOf(farm, phoneOf),
    watch: (onHint) => farm.onChange(onHint),
    close: async () => {
      farm.stop();
      await Promise.resolve();
    },
  };
}

function snapshotsOf(farm: SimFarm, phoneOf: (handle: Handle) => SimPhone): Snapshots {
  const stopped = (handle: Handle): SimPhone => {
    const phone = phoneOf(handle);
    if (phone.on) throw new Fault("conflict", "The phone must be off for this.");
    return phone;
  };
  return {
    create: async (handle, snapshotId, { signal }) => {
      signal.throwIfAborted();
      const { spec, disk } = stopped(handle);
      return await Promise.resolve(farm.snapshots.put(snapshotId, spec, disk));
    },
    restore: async (handle, snapshotId, { signal }) => {
      signal.throwIfAborted();
      stopped(handle).restore(farm.snapshots.get(snapshotId));
      return await Promise.resolve(handle);
    },
    list: async ({ signal }) => {
      signal.throwIfAborted();
      return await Promise.resolve(farm.snapshots.ids());
    },
    delete: async (snapshotId, { signal }) => {
      signal.throwIfAborted();
      farm.snapshots.remove(snapshotId);
      await Promise.resolve();
    },
  };
}

async function list(farm: SimFarm, signal: AbortSignal): ReturnType<Provider["list"]> {
  signal.throwIfAborted();
  const ids = farm.ids();
  return await Promise.resolve(ids.map((deviceId) => ({ deviceId, handle: handleOf(deviceId) })));
}

const handleOf = (deviceId: string): Handle => ({ kind, v: 1, deviceId });
const idOf = (handle: Handle): string => String(handle.deviceId);
