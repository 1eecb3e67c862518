import type { Envelope } from "@cloudphone/shared/envelope";
import { expect, test } from "vitest";
import { testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { createEventLog, type NewEvent } from "./event-log.ts";

const event = (over: Partial<Envelope> = {}): Envelope => ({
  id: systemSource.id(),
  type: "user.registered",
  version: 1,
  subject: "s",
  occurredAt: new Date().toISOString(),
  correlationId: systemSource.id(),
  causationId: null,
  data: { text: "ä\n", number: 1.5e3, nested: { none: null, list: [1, "2"] } },
  ...over,
});

const fresh = (stream: string, count: number): NewEvent[] =>
  Array.from({ length: count }, (_, n) => ({ stream, seq: n + 1, event: event() }));

test("what is remembered of an append is to the letter what is read of it", async () => {
  await using databases = await testDatabases();
  const log = createEventLog(databases.events);
  const odd = event({
    id: systemSource.id().toUpperCase(),
    causationId: systemSource.id().toUpperCase(),
    occurredAt: "2026-11-23T10:00:00.123456+02:00",
  });
  const first = [...fresh("a", 3), { stream: "b", seq: 1, event: odd }];
  expect(await log.append(first)).toBe(4);
  // A resend beside something new: what is there already takes no position, and of two with one number the first counts.
  const twice = { stream: "b", seq: 2, event: event({ subject: "first" }) };
  const again = { ...twice, event: event({ subject: "second" }) };
  expect(await log.append([...first, twice, again])).toBe(5);
  const read = await log.read({ after: 0, limit: 100 });
  expect(read.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
  expect(read.at(-1)?.subject).toBe("first");
  expect(log.recent(0, 100)).toEqual({ events: read, to: 5 });
});

test("an append too large to be remembered is read from the database, and what follows is remembered again", async () => {
  await using databases = await testDatabases();
  const log = createEventLog(databases.events);
  expect(await log.append(fresh("a", 2500))).toBe(2500);
  expect(log.recent(0, 100)).toBe(null);
  expect(await log.append([])).toBe(2500);
  expect(await log.append(fresh("b", 1))).toBe(2501);
  expect(log.recent(2500, 100)?.events).toEqual(await log.read({ after: 2500, limit: 10 }));
});
