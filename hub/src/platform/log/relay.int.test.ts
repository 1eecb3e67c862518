import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../postgres/database.ts";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { commitsFail, envelopeOf, registered, until } from "../testing.ts";
import { createEventLog, type EventLog } from "./event-log.ts";
import { emit } from "./outbox.ts";
import { relayOutbox } from "./relay.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

const say = (database: Database, ...emails: string[]) =>
  database.transaction((tx) =>
    emit(
      tx,
      emails.map((email) => registered(email)),
      {
        cause: { correlationId: systemSource.id(), causationId: null },
        source: systemSource,
      },
    ),
  );

const said = async (log: EventLog, context: string) =>
  (await log.read({ after: 0, limit: 1000 }))
    .filter(({ stream }) => stream === `context:${context}`)
    .map(({ data }) => data.email);

test("a batch that reached the log and was not deleted is relayed again, and is there once, in its order", async () => {
  const log = createEventLog(databases.events);
  await say(databases.core, "a", "b");
  let broken = true;
  const context = { name: "twice", database: commitsFail(databases.core, () => broken) };
  await expect(relayOutbox(context, log)).rejects.toThrow("the commit failed");
  expect(await said(log, "twice")).toEqual(["a", "b"]);
  await say(databases.core, "c");
  broken = false;
  await relayOutbox(context, log);
  expect(await said(log, "twice")).toEqual(["a", "b", "c"]);
  expect(await databases.core.query`select id from outbox`).toHaveLength(0);
});

test("one relay is at work at a time, so that no subject's events change places", async () => {
  const log = createEventLog(databases.events);
  await say(databases.core, "a");
  const context = { name: "locked", database: databases.core };
  const inside = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const held: EventLog = {
    ...log,
    append: async (events) => {
      inside.resolve();
      await go.promise;
      return log.append(events);
    },
  };
  const first = relayOutbox(context, held);
  await inside.promise;
  let second = 0;
  const counted: EventLog = { ...log, append: (events) => (second++, log.append(events)) };
  expect(await relayOutbox(context, counted)).toBe(false);
  expect(second).toBe(0);
  go.resolve();
  await first;
  expect(await said(log, "locked")).toEqual(["a"]);
});

test("the log holds one event for each number of a stream, whoever writes it", async () => {
  const log = createEventLog(databases.events);
  const event = { stream: "context:unique", seq: 1, event: envelopeOf(registered("a")) };
  await log.append([event]);
  await expect(
    databases.events.query`
      insert into events (position, id, stream, seq, type, version, subject, occurred_at, correlation_id, data)
      select 1000000, id, stream, seq, type, version, subject, occurred_at, correlation_id, data from events
      where stream = 'context:unique'`,
  ).rejects.toThrow("events_stream_seq_key");
});

test("what is in the log can't be changed, deleted or emptied", async () => {
  const { query } = databases.events;
  await createEventLog(databases.events).append([
    { stream: "context:kept", seq: 1, event: envelopeOf(registered("a")) },
  ]);
  for (const change of [
    () => query`update events set type = 'x'`,
    () => query`delete from events`,
    () => query`truncate events`,
  ])
    await expect(change()).rejects.toThrow("append-only");
});

test("a reader of positions never passes over an event that commits late", async () => {
  const log = createEventLog(databases.events);
  const inside = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const event = (seq: number) => ({
    stream: "context:late",
    seq,
    event: envelopeOf(registered(String(seq))),
  });
  const slow = databases.events.transaction(async (tx) => {
    await log.appendIn(tx, [event(1)]);
    inside.resolve();
    await go.promise;
  });
  await inside.promise;
  const fast = log.append([event(2)]);
  await until("the second to wait for the first", async () => {
    const waiting = await databases.events.query`
      select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%log_head for update%'`;
    return waiting.length > 0;
  });
  expect(await said(log, "late")).toEqual([]);
  go.resolve();
  await Promise.all([slow, fast]);
  expect(await said(log, "late")).toEqual(["1", "2"]);
});

test("events reach the log as they were said, but for what no database keeps, which holds nothing up", async () => {
  const log = createEventLog(databases.events);
  const context = { name: "odd", database: databases.core };
  const fine = ["two\nlines", "\\u0000 in letters", 'a "quote", {a}', "\u{1f4f1}", ""];
  await say(databases.core, ...fine, "nul \u0000", "half \ud800", "after");
  await relayOutbox(context, log);
  expect(await said(log, "odd")).toEqual([...fine, "nul \ufffd", "half \ufffd", "after"]);
});
