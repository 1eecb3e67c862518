/**
 * Whether a host is there, from what was heard of it. `connected`: two heartbeats in a row. `suspected`: 15 s of silence, or its link broke.
 * `lost`: 45 s of silence; nothing new is placed there, but its devices and leases stay, since a device can be nowhere else. A single
 * heartbeat after silence proves nothing: a link that comes and goes would make the state flap.
 */
export const hostStates = ["enrolled", "connected", "suspected", "lost"] as const;
export type HostState = (typeof hostStates)[number];

export interface HostView {
  readonly state: HostState;
  /** On the hub's monotonic clock. */
  readonly lastHeardMs: number;
  /** Heartbeats in a row without a silence of 15 s between them. */
  readonly beats: number;
}

export const suspectAfterMs = 15_000;
export const lostAfterMs = 45_000;
const beatsToReturn = 2;

export function heard(view: HostView, nowMs: number): HostView {
  const beats = nowMs - view.lastHeardMs >= suspectAfterMs ? 1 : view.beats + 1;
  // A host that was just enrolled, or whose hello opened the link, has nothing to prove.
  const state = view.state === "enrolled" || beats >= beatsToReturn ? "connected" : view.state;
  return { state, lastHeardMs: nowMs, beats };
}

/** What silence makes of it. */
export function aged(view: HostView, nowMs: number): HostView {
  const silentMs = nowMs - view.lastHeardMs;
  if (view.state === "connected" && silentMs >= suspectAfterMs)
    return { ...view, state: "suspected", beats: 0 };
  if (view.state === "suspected" && silentMs >= lostAfterMs)
    return { ...view, state: "lost", beats: 0 };
  return view;
}

/** The link broke, or the agent said goodbye: it is away until it is heard again. */
export const left = (view: HostView): HostView =>
  view.state === "connected" ? { ...view, state: "suspected", beats: 0 } : { ...view, beats: 0 };
