import { describe, expect, test } from "vitest";
import { aged, heard, type HostView, left, lostAfterMs, suspectAfterMs } from "./host-state.ts";

const connected = (atMs = 0): HostView => ({ state: "connected", lastHeardMs: atMs, beats: 9 });
const second = 1000;

describe("a host", () => {
  test("that was just enrolled is connected at its first sign of life", () => {
    const view = heard({ state: "enrolled", lastHeardMs: 0, beats: 0 }, 1);
    expect(view.state).toBe("connected");
  });

  test("is suspected after 15 s of silence and lost after 45 s, and not a millisecond earlier", () => {
    expect(aged(connected(), suspectAfterMs - 1).state).toBe("connected");
    const suspected = aged(connected(), suspectAfterMs);
    expect(suspected.state).toBe("suspected");
    expect(aged(suspected, lostAfterMs - 1).state).toBe("suspected");
    expect(aged(suspected, lostAfterMs).state).toBe("lost");
  });

  test("that was suspected or lost comes back with its second heartbeat, not with its first", () => {
    for (const state of ["suspected", "lost"] as const) {
      const first = heard({ state, lastHeardMs: 0, beats: 0 }, 60 * second);
      expect(first.state).toBe(state);
      expect(heard(first, 70 * second).state).toBe("connected");
    }
  });

  test("whose heartbeats are 15 s apart never comes back: each of them is a first one", () => {
    let view: HostView = { state: "lost", lastHeardMs: 0, beats: 0 };
    for (let at = 60; at < 600; at += 15) {
      view = heard(view, at * second);
      expect(view.state).toBe("lost");
    }
  });

  test("whose link comes and goes every 12 s is said to be away once, and stays away", () => {
    let view = connected();
    const states: string[] = [];
    for (let at = 12; at < 120; at += 12) {
      view = left(view);
      states.push(view.state);
      view = heard(view, at * second);
      states.push(view.state);
    }
    expect(new Set(states)).toEqual(new Set(["suspected"]));
  });

  test("that says goodbye is suspected at once, and one that is away already is not called back by it", () => {
    expect(left(connected()).state).toBe("suspected");
    expect(left({ state: "lost", lastHeardMs: 0, beats: 1 })).toMatchObject({
      state: "lost",
      beats: 0,
    });
  });

  test("that is heard on and on stays connected", () => {
    let view = connected();
    for (let at = 10; at < 600; at += 10) {
      view = aged(view, at * second - 1);
      view = heard(view, at * second);
      expect(view.state).toBe("connected");
    }
  });
});
