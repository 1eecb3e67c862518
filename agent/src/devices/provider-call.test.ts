import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { getEventListeners } from "node:events";
import { providerCall } from "./provider-call.ts";

const never = (): Promise<never> => new Promise(() => undefined);

describe("a provider's call", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is over at its deadline, also when it ignores its signal", async () => {
    const { signal: stopping } = new AbortController();
    let seen: AbortSignal | null = null;
    const call = providerCall(
      (signal) => {
        seen = signal;
        return never();
      },
      { ms: 5000, stopping },
    );
    await Promise.all([
      expect(call).rejects.toMatchObject({ code: "timed_out" }),
      vi.advanceTimersByTimeAsync(5000),
    ]);
    expect(seen).toMatchObject({ aborted: true });
  });

  it("is aborted when its supervisor stops, before or after it began", async () => {
    const stop = new AbortController();
    const heeds = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason as Error);
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const call = providerCall(heeds, { ms: 5000, stopping: stop.signal });
    stop.abort(new Error("stopping"));
    await expect(call).rejects.toThrow("stopping");
    await expect(providerCall(heeds, { ms: 5000, stopping: stop.signal })).rejects.toThrow(
      "stopping",
    );
  });

  it("leaves neither timer nor listener when it has ended", async () => {
    const { signal: stopping } = new AbortController();
    expect(await providerCall(() => Promise.resolve(1), { ms: 5000, stopping })).toBe(1);
    await expect(
      providerCall(() => Promise.reject(new Error("refused")), { ms: 5000, stopping }),
    ).rejects.toThrow("refused");
    expect([vi.getTimerCount(), getEventListeners(stopping, "abort").length]).toEqual([0, 0]);
  });
});
