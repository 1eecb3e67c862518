import type { Input } from "@cloudphone/shared/live";
import { describe, expect, it } from "vitest";
import { followingOf, Group } from "./group.ts";
import { firstState, type PlayerState } from "./state.ts";

const upright = { width: 360, height: 640 };
const control = { mine: true, allowed: true, viewers: 1 };
const playing: PlayerState = { ...firstState, phase: "playing", size: upright, control };

describe("what becomes of a leader's input on a follower", () => {
  it.each<[string, PlayerState | null, ReturnType<typeof followingOf>]>([
    ["nothing while it is not seen", null, "connecting"],
    ["nothing before its first picture", firstState, "connecting"],
    ["nothing while its last picture stands", { ...playing, phase: "reconnecting" }, "connecting"],
    ["the same, when it is its own", playing, "follows"],
    [
      "other places, when it is turned",
      { ...playing, size: { width: 640, height: 360 } },
      "turned",
    ],
    [
      "nothing under another's control",
      { ...playing, control: { ...control, mine: false } },
      "others",
    ],
    [
      "nothing, when it may only be looked at",
      { ...playing, control: { mine: false, allowed: false, viewers: 2 } },
      "look-only",
    ],
    ["nothing after its end", { ...playing, phase: "ended" }, "ended"],
  ])("is %s", (_, follower, following) => {
    expect(followingOf(follower, playing)).toBe(following);
  });
});

describe("a group of phones", () => {
  const home: Input = { type: "press", button: "home" };
  const phone = () => {
    const inputs: Input[] = [];
    return { state: playing, inputs, send: (input: Input) => void inputs.push(input) };
  };

  it("does on each what is done on its leader, until one leaves or nobody leads", () => {
    const group = new Group();
    const [leader, follower, leaving] = [phone(), phone(), phone()];
    group.join("a", leader);
    group.join("b", follower);
    const leave = group.join("c", leaving);
    group.send(home);
    expect([leader.inputs, follower.inputs, leaving.inputs]).toEqual([[], [], []]);
    group.lead("a");
    group.send(home);
    leave();
    group.send(home);
    expect([leader.inputs, follower.inputs, leaving.inputs].map(({ length }) => length)).toEqual([
      2, 2, 1,
    ]);
    group.lead("c");
    group.send(home);
    expect(follower.inputs).toHaveLength(2);
  });
});
