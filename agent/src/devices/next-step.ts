import type { DeviceRow, RunRow } from "../store/store.ts";
import type { Observation } from "../providers/provider.ts";

/**
 * What a supervisor does next, from what its device should be, is remembered to be, and is seen to be. Pure, and asked again after each step,
 * so it needs no memory of its own. In this order:
 *
 * - A run whose instance is gone, or whose lease is not the device's any more, is closed first: nothing is billed that did not run.
 * - Traces of a lease that is not the wanted one are wiped (the phone is stopped for it) before anything else happens to the phone.
 * - Then it is brought to the wanted existence and power; a run opens only once the phone has booted under the wanted lease.
 */
export type Step =
  | {
      readonly kind: "close-run";
      readonly reason: "requested" | "lease_ended" | "lease_changed" | "crashed" | "destroyed";
    }
  | { readonly kind: "create" }
  | { readonly kind: "start" }
  | { readonly kind: "boot"; readonly instanceId: string }
  | { readonly kind: "stop" }
  | { readonly kind: "wipe" }
  | { readonly kind: "destroy" }
  | { readonly kind: "settle"; readonly state: "stopped" | "running" }
  | { readonly kind: "none" };

export function nextStep(row: DeviceRow, run: RunRow | null, seen: Observation): Step {
  const { desired } = row;
  const leaseId = leaseOf(row);
  const on = seen.state === "running";
  const absent = desired.existence === "absent";
  const wantsOn = !absent && desired.power === "running" && !isOver(row);
  if (run) {
    if (!on || seen.instanceId !== run.instanceId) return { kind: "close-run", reason: "crashed" };
    if (run.lease?.leaseId !== (leaseId ?? undefined))
      return { kind: "close-run", reason: leaseId === null ? "lease_ended" : "lease_changed" };
    if (!wantsOn)
      return {
        kind: "close-run",
        reason: absent ? "destroyed" : isOver(row) ? "lease_ended" : "requested",
      };
  }
  if (absent) return row.handle ? { kind: "destroy" } : { kind: "none" };
  if (!row.handle || seen.state === "missing") return { kind: "create" };
  const dirty = row.dataLeaseId !== null && row.dataLeaseId !== leaseId;
  if (dirty) return on ? { kind: "stop" } : { kind: "wipe" };
  if (!wantsOn) {
    if (on || seen.state === "broken") return { kind: "stop" };
    return row.state === "stopped" ? { kind: "none" } : { kind: "settle", state: "stopped" };
  }
  if (!on) return { kind: "start" };
  if (run) return row.state === "running" ? { kind: "none" } : { kind: "settle", state: "running" };
  return { kind: "boot", instanceId: seen.instanceId };
}

/** The lease the device is for; one that has run out on this host's own clock is none. */
const leaseOf = (row: DeviceRow): string | null =>
  row.desired.lease && !isOver(row) ? row.desired.lease.leaseId : null;

/** The lease ran out on this host's own clock. */
export const isOver = (row: DeviceRow): boolean =>
  row.desired.lease !== null && row.leaseRemainingMs === 0;
