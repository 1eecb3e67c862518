import { hostStream } from "@cloudphone/shared/envelope";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { envelopeOf, reported } from "../testing.ts";
import { createEventLog } from "./event-log.ts";
import { createIngest, readBatch } from "./ingest.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

/** A host with its own event of each number, and what the log has of it. */
function host(hostId = systemSource.id(), epoch = systemSource.id()) {
  const log = createEventLog(databases.events);
  const ingest = createIngest(databases.events, log);
  const row = (seq: number) => ({ seq, event: envelopeOf(reported(String(seq))) });
  return {
    hostId,
    ingest,
    send: async (...rows: (number | { seq: number; event?: unknown; lost?: string })[]) => {
      const batch = {
        v: 1 as const,
        epoch,
        rows: rows.map((given) => (typeof given === "number" ? row(given) : given)),
      };
      const [result] = await ingest.ingest([readBatch({ hostId, batch })]);
      return result;
    },
    stored: async () =>
      (
        await databases.events.query<{ seq: number }>`
          select seq from events where stream = ${hostStream(hostId, epoch)} order by position`
      ).map(({ seq }) => seq),
  };
}

test("what a host sends again is dropped, and acknowledged again", async () => {
  const { send, stored } = host();
  expect(await send(1, 2, 3)).toMatchObject({ seq: 3, resend: false });
  expect(await send(1, 2)).toMatchObject({ seq: 3, resend: false });
  expect(await send(2, 3, 4)).toMatchObject({ seq: 4, resend: false });
  expect(await stored()).toEqual([1, 2, 3, 4]);
});

test("nothing beyond a gap is stored, and the host is asked to send it again", async () => {
  const { send, stored } = host();
  expect(await send(1, 3, 4)).toMatchObject({ seq: 1, resend: true });
  expect(await stored()).toEqual([1]);
  expect(await send(5)).toMatchObject({ seq: 1, resend: true });
  expect(await send(2, 3, 4, 5)).toMatchObject({ seq: 5, resend: false });
  expect(await stored()).toEqual([1, 2, 3, 4, 5]);
});

test("a store that was replaced by a newer one is refused, and nothing of it is taken", async () => {
  const old = host();
  await old.send(1);
  const fresh = host(old.hostId);
  expect(await fresh.send(1)).toMatchObject({ seq: 1 });
  expect(await old.send(2)).toMatchObject({ refused: expect.stringContaining("replaced") });
  expect(await old.stored()).toEqual([1]);
  expect(await fresh.send(2)).toMatchObject({ seq: 2 });
});

test("a row that can't be decoded goes to quarantine with its bytes, its number counts, and its host goes on", async () => {
  const { send, stored, hostId, ingest } = host();
  const bad = { seq: 2, event: { type: "device.started", nonsense: true } };
  expect(await send(1, bad, { seq: 3, lost: "too large" }, 4)).toMatchObject({ seq: 4 });
  expect(await stored()).toEqual([1, 4]);
  const kept = (await ingest.listQuarantine(100)).filter((row) => row.hostId === hostId);
  expect(kept.map(({ seq }) => seq)).toEqual([3, 2]);
  expect(JSON.parse(Buffer.from(kept[1]?.base64 ?? "", "base64").toString())).toEqual(bad);
});

test("an event that the log can't keep goes to quarantine too, and its host goes on", async () => {
  const { send, stored, hostId, ingest } = host();
  const odd = ["nul \0", "half \ud83d"].map((reason, at) => ({
    ...{ seq: at + 2, event: envelopeOf(reported(reason)) },
  }));
  expect(await send(1, ...odd, 4)).toMatchObject({ seq: 4, resend: false });
  expect(await stored()).toEqual([1, 4]);
  const kept = (await ingest.listQuarantine(100)).filter((row) => row.hostId === hostId);
  expect(kept.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("character 0"),
    expect.stringContaining("half of a character"),
  ]);
});

test("an event of a type that this release does not know is stored as it is", async () => {
  const { send, stored } = host();
  const event = { ...envelopeOf(reported("x")), type: "device.folded", version: 7 };
  expect(await send({ seq: 1, event })).toMatchObject({ seq: 1 });
  expect(await stored()).toEqual([1]);
});

test("batches of many hosts that come at once are each taken, and positions have no gap", async () => {
  const hosts = Array.from({ length: 8 }, () => host());
  await Promise.all(hosts.map(({ send }) => send(1, 2, 3)));
  await Promise.all(hosts.flatMap(({ send }) => [send(2, 3, 4), send(3, 4)]));
  for (const { stored } of hosts) expect(await stored()).toEqual([1, 2, 3, 4]);
  const all = await createEventLog(databases.events).read({ after: 0, limit: 1000 });
  expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
});
