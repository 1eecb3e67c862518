import { useEffect, useState } from "react";
import { Group } from "../../player/group.ts";
import type { Player, PlayerState } from "../../player/player.ts";

export type Role = "looks" | "leads" | "follows";

/** Which phones of the wall do the same, and the one whose picture they follow. */
export interface PhoneGroup {
  /** Null: all are only looked at. */
  readonly leader: string | null;
  readonly leaderState: PlayerState | null;
  readonly followers: ReadonlySet<string>;
  readonly group: Group;
  roleOf(deviceId: string): Role;
  lead(deviceId: string): void;
  follow(deviceId: string, follows: boolean): void;
  /** The first leads the others. */
  begin(deviceIds: readonly string[]): void;
  end(): void;
  onLeaderState(state: PlayerState | null): void;
}

const nobody: ReadonlySet<string> = new Set();

export function useGroup(): PhoneGroup {
  const [group] = useState(() => new Group());
  const [leader, setLeader] = useState<string | null>(null);
  const [leaderState, setLeaderState] = useState<PlayerState | null>(null);
  const [followers, setFollowers] = useState(nobody);
  useEffect(() => group.lead(leader), [group, leader]);
  const roleOf = (id: string): Role => {
    if (id === leader) return "leads";
    return followers.has(id) ? "follows" : "looks";
  };
  return {
    leader,
    leaderState,
    followers,
    group,
    roleOf,
    lead: (id) => {
      setFollowers(
        new Set([...followers, ...(leader === null ? [] : [leader])].filter((one) => one !== id)),
      );
      setLeader(id);
    },
    follow: (id, follows) =>
      setFollowers(new Set([...followers, id].filter((one) => follows || one !== id))),
    begin: ([first = null, ...others]) => {
      setLeader(first);
      setFollowers(new Set(others));
    },
    end: () => {
      setLeader(null);
      setFollowers(nobody);
    },
    onLeaderState: setLeaderState,
  };
}

/** A member's player is the group's for as long as it is one. */
export function useMembership(
  { group }: Pick<PhoneGroup, "group">,
  { deviceId, player, role }: { deviceId: string; player: Player | null; role: Role },
): void {
  useEffect(
    () => (player && role !== "looks" ? group.join(deviceId, player) : undefined),
    [group, deviceId, player, role],
  );
}
