import type { Desired } from "@cloudphone/shared/device";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { admin, type BenchHost, type CoreBench, startCore } from "../testing.ts";
import { customerOf, leaseTo } from "../testing-customers.ts";

let bench: CoreBench;
let host: BenchHost;
beforeAll(async () => {
  bench = await startCore();
  host = await bench.host(2);
});
afterAll(() => bench[Symbol.asyncDispose]());

test("whether a phone is filmed is its operator's to say, is told to its host, and shown to its customer", async () => {
  const ann = await customerOf(bench, "ann");
  const device = await leaseTo(bench, ann);
  const hub = bench.as(admin);
  const shown = async () => (await bench.as(ann).devices.show({ device })).recordingDays;
  /** What its host was last told. */
  const told = (days: number | undefined) =>
    until("the wish", () =>
      Promise.resolve(
        bench.published
          .map(({ message }) => message as Partial<Desired> | null)
          .filter((message) => message?.deviceId === device && message.existence === "present")
          .at(-1)?.recordingDays === days || undefined,
      ),
    );
  const policy = (days: number | null) => hub.recordings.setPolicy({ device, days });
  await expect(bench.as(ann).recordings.setPolicy({ device, days: 0 })).rejects.toMatchObject({
    code: "FORBIDDEN",
  });
  expect(await shown()).toBe(0);
  await policy(3);
  expect(await shown()).toBe(3);
  await told(3);
  await bench.say(host.stream, {
    type: "host.started",
    subject: host.hostId,
    data: {
      ...{ hostId: host.hostId, epoch: systemSource.id(), bootId: "b2", agentVersion: "0" },
      ...{ providers: [], recordingDays: 7 },
    },
  });
  await policy(0);
  expect(await shown()).toBe(0);
  await told(0);
  await policy(null);
  await told(undefined);
  await until("the host's own", async () => (await shown()) === 7 || undefined);
});
