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

test("films come in pages, newest first, each once, with whose they are; and by their phone", async () => {
  const bob = await customerOf(bench, "bob");
  const device = await leaseTo(bench, bob);
  // All of one instant: pages must not depend on it.
  await bench.databases.core.query`
    insert into recordings (id, device_id, host_id, lease_id, started_at, seconds, bytes)
    select gen_random_uuid(), d.id, d.host_id, l.id, '2026-01-01', n, n
    from generate_series(1, 5) n, devices d left join leases l on l.device_id = d.id and upper_inf(l.period) where d.id = ${device}`;
  const list = (page: object) => bench.as(admin).recordings.list({ limit: 2, ...page });
  const first = await list({});
  const second = await list({ before: first.at(-1)?.recordingId });
  const third = await list({ before: second.at(-1)?.recordingId });
  const films = [...first, ...second, ...third];
  expect(films.map(({ seconds }) => seconds).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  const { email } = await bench.as(bob).accounts.me();
  expect(films[0]).toMatchObject({ email, userId: bob.userId, deviceId: device });
  expect(await list({ search: films[0]?.device.toUpperCase() })).toEqual(first);
  expect(await list({ deviceId: device })).toEqual(first);
  for (const search of ["%", "nothing"]) expect(await list({ search })).toEqual([]);
});

test("whether a phone is filmed is its operator's to say, is told to its host, and shown to its customer", async () => {
  const ann = await customerOf(bench, "ann");
  const device = await leaseTo(bench, ann);
  const hub = bench.as(admin);
  const seen = () => bench.as(ann).devices.show({ device });
  const shown = async () => (await seen()).recordingDays;
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
  expect(await seen()).toMatchObject({ recordingDays: 3, recordingDaysAreOwn: true });
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
  expect(await seen()).toMatchObject({ recordingDaysAreOwn: false });
});
