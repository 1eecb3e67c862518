import type { Id } from "@cloudphone/shared/ids";
import type { Cause, Timer } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps, WarmPool } from "../deps.ts";
import { changeDesired, freeDevices, insertDevice, lockPlacement, offers } from "./inventory.ts";
import { wantedPools } from "./pools.ts";
import { place, sameSpec } from "./scheduler.ts";

/** Keeps each pool at its target: free phones that were switched off are switched on, missing ones made, those too many switched off. */
export function warmPool(deps: CoreDeps): Timer {
  return {
    name: "core.devices.warm-pool",
    everyMs: 1000,
    async run() {
      for (const pool of await wantedPools(deps.database.query, deps.warmPools))
        await keep(deps, pool);
    },
  };
}

function keep({ database, source }: CoreDeps, pool: WarmPool): Promise<void> {
  return database.transaction(async (tx) => {
    await lockPlacement(tx);
    const cause: Cause = { correlationId: source.id(), causationId: null };
    const free = (await freeDevices(tx)).filter((device) => sameSpec(device.spec, pool.spec));
    const wanted = await powers(
      tx,
      free.map((device) => device.deviceId),
    );
    const on = free.filter((device) => wanted.get(device.deviceId) === "running");
    const off = free.filter((device) => wanted.get(device.deviceId) === "stopped");
    const missing = pool.target - on.length;
    for (const device of missing > 0 ? off.slice(0, missing) : []) {
      const draft = await changeDesired(tx, device.deviceId, {
        power: "running",
        reason: "warm pool",
      });
      if (draft) await emit(tx, [draft], { cause, source });
    }
    for (const device of missing < 0 ? on.slice(missing) : []) {
      const draft = await changeDesired(tx, device.deviceId, {
        power: "stopped",
        reason: "warm pool",
      });
      if (draft) await emit(tx, [draft], { cause, source });
    }
    for (let made = off.length; made < missing; made++) {
      const placement = place({ spec: pool.spec, labels: {} }, [], await offers(tx));
      if (placement.kind !== "create") return;
      const device = {
        deviceId: source.id(),
        hostId: placement.hostId,
        spec: pool.spec,
        power: "running" as const,
      };
      await emit(tx, await insertDevice(tx, device), { cause, source });
    }
  });
}

async function powers(tx: Tx, ids: readonly Id[]): Promise<Map<Id, string>> {
  const rows = await tx<{ id: Id; power: string }>`
    select id, power from devices where id = any(${[...ids]}::uuid[])`;
  return new Map(rows.map((row) => [row.id, row.power]));
}
