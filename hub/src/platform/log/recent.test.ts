import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { describe, expect, it } from "vitest";
import { RecentEvents } from "./recent.ts";

const between = (before: number, to: number): RecordedEnvelope[] =>
  Array.from({ length: to - before }, (_, n) => ({ position: before + n + 1 }) as RecordedEnvelope);
const append = (before: number, to: number) => ({ before, to, events: between(before, to) });
const positions = (recent: RecentEvents, after: number, limit = 100): number[] | null =>
  recent.after(after, limit)?.events.map((event) => event.position) ?? null;

describe("the log's newest events in memory", () => {
  it("are given from any position that they join on to, and from no other", () => {
    const recent = new RecentEvents();
    expect(positions(recent, 0)).toBe(null);
    recent.add(append(7, 9));
    recent.add(append(9, 10));
    expect(positions(recent, 7)).toEqual([8, 9, 10]);
    expect(recent.after(7, 2)).toMatchObject({ to: 9 });
    expect(positions(recent, 10)).toEqual([]);
    expect(positions(recent, 6)).toBe(null);
    expect(positions(recent, 11)).toBe(null);
  });

  it("are passed over where the reader wants none of them", () => {
    const recent = new RecentEvents();
    const typed = (position: number, type: string) => ({ position, type }) as RecordedEnvelope;
    const events = ["a", "a", "b", "a", "b", "a"].map((type, n) => typed(n + 1, type));
    recent.add({ before: 0, to: 6, events });
    const given = recent.after(1, 1, new Set(["b"]));
    expect(given).toEqual({ events: [events[2]], to: 3 });
    expect(recent.after(3, 9, new Set(["b"]))).toEqual({ events: [events[4]], to: 6 });
    expect(recent.after(0, 9, new Set())).toEqual({ events: [], to: 6 });
  });

  it("wait for an append that is told late, and take nothing twice", () => {
    const recent = new RecentEvents();
    recent.add(append(0, 2));
    recent.add(append(3, 4));
    recent.add(append(5, 6));
    expect(positions(recent, 1)).toEqual([2]);
    expect(positions(recent, 2), "there is more").toBe(null);
    recent.add(append(2, 3));
    recent.add(append(2, 3));
    expect(positions(recent, 2)).toEqual([3, 4]);
    recent.add(append(4, 5));
    expect(positions(recent, 1)).toEqual([2, 3, 4, 5, 6]);
  });

  it("begin anew behind a gap that stays", () => {
    const recent = new RecentEvents();
    recent.add(append(0, 2));
    for (let n = 3; n < 68; n++) recent.add(append(n, n + 1));
    recent.closeGap();
    expect(positions(recent, 2)).toBe(null);
    expect(positions(recent, 65)).toEqual([66, 67, 68]);
    recent.add(append(68, 69));
    expect(positions(recent, 65)).toEqual([66, 67, 68, 69]);
  });

  it("leave out an append that was too large, without a hole", () => {
    const recent = new RecentEvents();
    recent.add(append(0, 2));
    recent.add({ before: 2, to: 5000, events: null });
    expect(positions(recent, 2)).toBe(null);
    recent.add(append(5000, 5001));
    expect(positions(recent, 5000)).toEqual([5001]);
  });

  it("send a reader to the database after an append that was there already but was never told", () => {
    const recent = new RecentEvents();
    recent.add(append(0, 2));
    recent.add({ before: 3, to: 3, events: [] });
    expect(positions(recent, 2)).toBe(null);
    recent.closeGap();
    expect(positions(recent, 3)).toEqual([]);
  });

  it("are bounded", () => {
    const recent = new RecentEvents();
    for (let n = 0; n < 30; n++) recent.add(append(n * 100, n * 100 + 100));
    for (let n = 30; n < 60; n++) recent.add(append(n * 100, n * 100 + 100));
    expect(positions(recent, 1999)).toBe(null);
    expect(positions(recent, 2000, 5000)).toHaveLength(4000);
  });
});
