import type { Input } from "@cloudphone/shared/live";
import type { PlayerState } from "./state.ts";

/** What a group needs of a player. */
export interface GroupMember {
  readonly state: PlayerState;
  send(input: Input): void;
}

/**
 * What becomes of the leader's input on a follower. `turned`: it takes it, but its picture lies otherwise than the leader's, so that the same share of it is
 * another place; `others`: somebody else has control of it.
 */
export type Following = "connecting" | "follows" | "turned" | "others" | "look-only" | "ended";

/** Pure. */
export function followingOf(follower: PlayerState | null, leader: PlayerState | null): Following {
  if (follower?.phase === "ended") return "ended";
  if (follower?.phase !== "playing") return "connecting";
  const { control, size } = follower;
  if (!control.allowed) return "look-only";
  if (!control.mine) return "others";
  const isTurned = (of: PlayerState["size"]): boolean => of !== null && of.width > of.height;
  return leader?.size && size && isTurned(size) !== isTurned(leader.size) ? "turned" : "follows";
}

/**
 * Several phones that do what is done on one of them. Places are shares of the picture, so each host scales them to its phone; a phone that takes no input now
 * (not connected, or somebody else has control) leaves it out, and the others do not wait for it.
 */
export class Group {
  readonly #members = new Map<string, GroupMember>();
  #leader: string | null = null;

  /** Whose places have the meaning; null: nobody is led. */
  lead(id: string | null): void {
    this.#leader = id;
  }

  /** Returns what undoes it. */
  join(id: string, member: GroupMember): () => void {
    this.#members.set(id, member);
    return () => {
      if (this.#members.get(id) === member) this.#members.delete(id);
    };
  }

  /** On the leader first, then on all who follow; nothing while there is no leader. */
  send(input: Input): void {
    const leader = this.#leader === null ? null : this.#members.get(this.#leader);
    if (!leader) return;
    leader.send(input);
    for (const member of this.#members.values()) if (member !== leader) member.send(input);
  }
}
