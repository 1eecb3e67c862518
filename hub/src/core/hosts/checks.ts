import type { HostCapacity, HostFinding } from "@cloudphone/shared/events/host";
import type { Consumer } from "../../platform/context.ts";

/** What hosts find when they look at their machines, kept with the host until its next start. */
export const hostChecks: Consumer = {
  name: "core.host-checks",
  on: {
    "host.checked": async ({ data, occurredAt }, { tx }) => {
      await tx`update hosts set findings = ${tx.json(data.findings)}, room = ${tx.json(data.capacity)},
        checked_at = ${occurredAt} where id = ${data.hostId}`;
    },
  },
};

/** The columns that tell a host's health, as they lie in its row. */
export interface CheckColumns {
  readonly findings: HostFinding[] | null;
  readonly room: HostCapacity | null;
  readonly checked_at: Date | null;
}

export interface HostHealth {
  readonly fails: number;
  readonly warnings: number;
  /** Containers that fit; null on a host that is not meant to have any. */
  readonly fits: number | null;
  readonly checkedAt: string;
}

/** Null: the host has not looked at its machine yet. */
export function healthOf({ findings, room, checked_at }: CheckColumns): HostHealth | null {
  if (!findings || !checked_at) return null;
  const count = (level: string): number => findings.filter((one) => one.level === level).length;
  return {
    fails: count("fail"),
    warnings: count("warn"),
    fits: room?.devices ?? null,
    checkedAt: checked_at.toISOString(),
  };
}
