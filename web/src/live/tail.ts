import { useSyncExternalStore } from "react";
import type { RecordedEvent } from "../api.ts";

const keptEvents = 500;
const ratedMs = 10_000;

/** The newest events that this page has heard, newest first, and how many came of late. */
export interface Tail {
  readonly events: readonly RecordedEvent[];
  readonly perSecond: number;
}

let tail: Tail = { events: [], perSecond: 0 };
let times: number[] = [];
const listeners = new Set<() => void>();

export function noteEvent(event: RecordedEvent): void {
  const nowMs = performance.now();
  times.push(nowMs);
  tell(nowMs, [event, ...tail.events.slice(0, keptEvents - 1)]);
}

function tell(nowMs: number, events: Tail["events"]): void {
  times = times.filter((time) => time > nowMs - ratedMs);
  tail = { events, perSecond: times.length / (ratedMs / 1000) };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Silence lowers the rate as well.
  const timer = setInterval(() => {
    if (times.length > 0) tell(performance.now(), tail.events);
  }, 1000);
  return () => {
    clearInterval(timer);
    listeners.delete(listener);
  };
}

export const useTail = (): Tail => useSyncExternalStore(subscribe, () => tail);
