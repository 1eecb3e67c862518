import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Attention } from "./attention.ts";

const isOver = async (pause: Promise<void>): Promise<boolean> => {
  let over = false;
  void pause.then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  return over;
};

describe("Attention", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends a pause at a hint, and at once when the hint came before it", async () => {
    const attention = new Attention();
    const pause = attention.pause(5000);
    expect(await isOver(pause)).toBe(false);
    attention.hint();
    expect(await isOver(pause)).toBe(true);
    expect(await isOver(attention.pause(5000))).toBe(true);
    attention.begin();
    expect(await isOver(attention.pause(5000))).toBe(false);
  });

  it("does not hear hints in the deaf part, but urges", async () => {
    const attention = new Attention();
    const pause = attention.pause(5000, 3000);
    attention.hint();
    expect(await isOver(pause)).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await isOver(pause)).toBe(true);
    attention.begin();
    const other = attention.pause(5000, 3000);
    attention.urge();
    expect(await isOver(other)).toBe(true);
    expect(attention.begin()).toBe(true);
  });

  it("hears an urge though an earlier pause, which nobody waits for any more, ends in between", async () => {
    const attention = new Attention();
    void attention.pause(5000);
    await vi.advanceTimersByTimeAsync(1000);
    const pause = attention.pause(5000);
    await vi.advanceTimersByTimeAsync(4500);
    attention.urge();
    expect(await isOver(pause)).toBe(true);
  });
});
