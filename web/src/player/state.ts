import type { LivePath } from "@cloudphone/shared/live";
import type { Size } from "./geometry.ts";

/** What a page shows of a player. */
export interface PlayerState {
  /** `connecting`: no picture yet; `playing`; `reconnecting`: the last picture stands; `ended`: for good, `notice` says why. */
  readonly phase: "connecting" | "playing" | "reconnecting" | "ended";
  readonly path: LivePath | null;
  readonly size: Size | null;
  readonly control: { readonly mine: boolean; readonly allowed: boolean; readonly viewers: number };
  /** Whether what is shown is filmed, by the operator's policy. */
  readonly filmed: boolean;
  /** False while there is no line to the hub: a direct picture goes on without. */
  readonly linked: boolean;
  /** What is wrong, for a person; null when all is well. */
  readonly notice: Notice | null;
}

export interface Notice {
  /** Why a session ended (shared/src/relay.ts), a fault's code, or `no_decoder`. */
  readonly code: string;
  /** In English, for who has no words of their own for the code. */
  readonly text: string;
}

export const firstState: PlayerState = {
  phase: "connecting",
  path: null,
  size: null,
  control: { mine: false, allowed: false, viewers: 1 },
  filmed: false,
  linked: false,
  notice: null,
};
