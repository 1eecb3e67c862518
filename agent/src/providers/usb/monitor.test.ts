import { expect, it, onTestFinished } from "vitest";
import { type Care, Monitor, type Vitals } from "./monitor.ts";

const vitals = (bootId: string): Vitals => ({ bootId, booted: true, battery: null });
const pace = { everyMs: 5, againMs: 2, patienceMs: 0, restartMs: 60_000, probeMs: 1000 };

/** A phone that answers as `answer` says at the moment, and what was done for it. */
function ward(answer: () => Vitals | null) {
  const tried: number[] = [];
  const changed = new Set<() => void>();
  const care: Care = {
    probe: async () => await Promise.resolve(answer()),
    isOffline: () => false,
    recover: async (attempt) => {
      tried.push(attempt);
      return await Promise.resolve(attempt === 2 ? "its USB port was reset" : "adb reconnected it");
    },
    onVitals: () => undefined,
    onChange: () => {
      for (const listener of changed) listener();
    },
  };
  const monitor = new Monitor(care, pace).start();
  onTestFinished(() => monitor.stop());
  const until = (shown: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (shown()) resolve();
      };
      changed.add(look);
      look();
    });
  return { monitor, tried, until };
}

const silent = (): never => {
  throw new Error("the phone did not answer");
};

it("finds a phone that answers well", async () => {
  const { monitor, until, tried } = ward(() => vitals("b1"));
  await until(() => monitor.problem === null);
  expect(monitor.vitals?.bootId).toBe("b1");
  expect(tried).toEqual([]);
});

it("keeps a phone out, with what was tried, when three attempts did not bring it back", async () => {
  const { monitor, until, tried } = ward(silent);
  await until(() => monitor.problem?.startsWith("It is kept out") ?? false);
  expect(tried).toEqual([1, 2, 3]);
  expect(monitor.problem).toBe(
    "It is kept out: it did not answer after 3 attempts (adb reconnected it; its USB port was reset). Unplug it, restart it and plug it in again.",
  );
  expect(monitor.pending).toBe(false);
});

it("lets a phone in again that was brought back, or answers steadily after it was kept out", async () => {
  let well = false;
  const { monitor, until } = ward(() => (well ? vitals("b1") : silent()));
  await until(() => monitor.problem?.startsWith("It is kept out") ?? false);
  well = true;
  await until(() => monitor.problem === null);
  expect(monitor.vitals?.bootId).toBe("b1");
});

it("is not ready after its wipe before it has started anew, and is not taken for stuck meanwhile", async () => {
  let answer: () => Vitals = () => vitals("b1");
  const { monitor, until, tried } = ward(() => answer());
  await until(() => monitor.problem === null);
  monitor.restarting();
  expect(monitor.problem).toMatch(/restarting/);
  expect(await monitor.look()).toBeNull();
  answer = silent;
  expect(await monitor.look()).toBeNull();
  answer = () => vitals("b2");
  await until(() => monitor.problem === null);
  expect(tried).toEqual([]);
});
