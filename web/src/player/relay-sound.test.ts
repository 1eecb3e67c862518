import { describe, expect, it } from "vitest";
import { SoundClock } from "./relay-sound.ts";

const length = 0.02;

describe("the clock of sound that comes by the relay", () => {
  it("plays pieces one behind the other, the first a little later", () => {
    const clock = new SoundClock();
    const first = clock.place(10, length) ?? 0;
    expect(first).toBeGreaterThan(10);
    expect(clock.place(10.02, length)).toBeCloseTo(first + length);
    expect(clock.place(10.05, length)).toBeCloseTo(first + 2 * length);
  });

  it("begins anew after a gap", () => {
    const clock = new SoundClock();
    clock.place(10, length);
    expect(clock.place(11, length)).toBeGreaterThan(11);
  });

  it("leaves out what comes all at once, and goes on when there is room", () => {
    const clock = new SoundClock();
    const places = Array.from({ length: 100 }, () => clock.place(10, length));
    const played = places.filter((place) => place !== null);
    expect(played.length).toBeLessThan(20);
    expect(Math.max(...played)).toBeLessThan(10.4);
    expect(clock.place(10.2, length)).not.toBeNull();
  });
});
