import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabases, testDatabases } from "../../platform/postgres/testing.ts";
import { systemSource } from "../../platform/source.ts";
import { createLoads } from "./loads.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

const minuteMs = 60_000;
const beat = (load1: number, running: number, freeMemoryMiB = 1000) => ({
  ...{ load1, running, freeMemoryMiB },
});

test("a host's heartbeats are kept five minutes a point, also when they were written in parts, and those of two days ago are gone", async () => {
  // The beginning of five minutes that are not over yet for a while: nothing here depends on how long it takes.
  let nowMs = Math.floor(Date.now() / (5 * minuteMs)) * 5 * minuteMs - 10 * minuteMs;
  const begunMs = nowMs;
  const loads = createLoads(databases.core, () => nowMs);
  const [flush, clean] = loads.timers;
  const [hostId, other] = [systemSource.id(), systemSource.id()];
  loads.note(hostId, beat(1, 3));
  loads.note(other, beat(9, 9));
  await flush?.run();
  nowMs += minuteMs;
  loads.note(hostId, beat(3, 2, 400));
  await flush?.run();
  nowMs += 5 * minuteMs;
  loads.note(hostId, beat(0.5, 1));
  await flush?.run();
  await flush?.run();
  expect(await loads.list(hostId, 24)).toEqual([
    {
      at: new Date(begunMs).toISOString(),
      ...{ load: 2, loadPeak: 3, freeMemoryMiB: 400, running: 3 },
    },
    {
      at: new Date(begunMs + 5 * minuteMs).toISOString(),
      ...{ load: 0.5, loadPeak: 0.5, freeMemoryMiB: 1000, running: 1 },
    },
  ]);
  await databases.core
    .query`update host_loads set at = at - interval '3 days' where host_id = ${hostId}`;
  await clean?.run();
  const left = await databases.core.query<{ host_id: string }>`select host_id from host_loads`;
  expect(left).toEqual([{ host_id: other }]);
});
