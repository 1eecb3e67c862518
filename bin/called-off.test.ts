import { expect, test } from "vitest";
import { untilCalledOff } from "./called-off.ts";

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("tidied up")));
  });

test("the first Ctrl-C lets the work tidy up, and a second would end the process", async () => {
  const before = process.listenerCount("SIGINT");
  const work = untilCalledOff(aborted);
  expect(process.listenerCount("SIGINT")).toBe(before + 1);
  process.emit("SIGINT");
  expect(process.listenerCount("SIGINT")).toBe(before);
  await expect(work).rejects.toThrow("tidied up");
});

test("work that is done listens no longer", async () => {
  const before = process.listenerCount("SIGTERM");
  expect(await untilCalledOff(async (signal) => signal.aborted)).toBe(false);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
