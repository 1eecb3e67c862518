import type { DeviceSpec } from "@cloudphone/shared/device";
import type { Id } from "@cloudphone/shared/ids";

export interface PlaceRequest {
  readonly spec: DeviceSpec;
  /** Labels that the host's provider must carry, each with this value. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A phone that nobody has: clean, present, without a lease. */
export interface FreeDevice {
  readonly deviceId: Id;
  readonly hostId: Id;
  readonly spec: DeviceSpec;
  readonly running: boolean;
}

/** A connected host's offer of one kind of device. */
export interface Offer {
  readonly hostId: Id;
  readonly provider: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: number;
  /** Devices of this kind it has now. */
  readonly used: number;
}

export type Placement =
  | { readonly kind: "take"; readonly deviceId: Id; readonly hostId: Id }
  | { readonly kind: "create"; readonly hostId: Id }
  | { readonly kind: "none"; readonly reason: string };

/**
 * Where a phone comes from: one that is free and fits (running ones first, so that nobody waits for a boot), else a new one on the host
 * with the largest share of room. Pure.
 */
export function place(
  request: PlaceRequest,
  devices: readonly FreeDevice[],
  offers: readonly Offer[],
): Placement {
  const fitting = offers.filter(
    (offer) => offer.provider === request.spec.provider && hasLabels(offer.labels, request.labels),
  );
  const hosts = new Set(fitting.map((offer) => offer.hostId));
  const free = devices
    .filter((device) => hosts.has(device.hostId) && sameSpec(device.spec, request.spec))
    .toSorted((a, b) => Number(b.running) - Number(a.running));
  const [taken] = free;
  if (taken) return { kind: "take", deviceId: taken.deviceId, hostId: taken.hostId };
  const [roomy] = fitting
    .filter((offer) => offer.used < offer.capacity)
    .toSorted((a, b) => a.used / a.capacity - b.used / b.capacity);
  if (roomy) return { kind: "create", hostId: roomy.hostId };
  if (offers.length === 0) return { kind: "none", reason: "No host is connected." };
  if (fitting.length === 0)
    return { kind: "none", reason: "No connected host offers such a phone." };
  return {
    kind: "none",
    reason: "All phones of this kind are taken and no host has room for another.",
  };
}

const hasLabels = (
  has: Readonly<Record<string, string>>,
  wants: Readonly<Record<string, string>>,
): boolean => Object.entries(wants).every(([key, value]) => has[key] === value);

/** Two specs are the same phone when every field is; the order of properties does not matter. */
export function sameSpec(a: DeviceSpec, b: DeviceSpec): boolean {
  return specText(a) === specText(b);
}

/** A spec as one text, the same for the same phone. */
export const specText = ({ properties, ...spec }: DeviceSpec): string =>
  JSON.stringify([
    Object.entries(spec).toSorted(byKey),
    Object.entries(properties).toSorted(byKey),
  ]);

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => a.localeCompare(b);
