import { newestVersion } from "@cloudphone/shared/events/catalog";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Saga } from "../context.ts";
import { Archiver } from "../log/archive/archiver.ts";
import { ArchiveOverview } from "../log/archive/overview.ts";
import { createEventLog } from "../log/event-log.ts";
import { createIngest } from "../log/ingest.ts";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { envelopeOf, registered, silent } from "../testing.ts";
import { operationsRouter } from "./operations-router.ts";
import { type Caller, router } from "./trpc.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

/** Stands until somebody has it go on. */
const stand: Saga = {
  name: "stand",
  starts: "user.registered",
  on: ["user.registered"],
  route: () => null,
  decide: (state, input) =>
    input.kind === "operator" && input.wish === "retry"
      ? { state, status: "completed", phase: "over", emit: [], deadlineMs: null, note: "went on" }
      : null,
};

function operations() {
  const log = createEventLog(databases.events);
  const deps = {
    log,
    ingest: createIngest(databases.events, log),
    contexts: [{ name: "core" as const, database: databases.core, consumers: [], sagas: [stand] }],
    consumers: () => [],
    wake: () => undefined,
    archive: new ArchiveOverview(
      new Archiver({
        ...{ database: databases.events, dir: "", keepDays: null, readers: [], logger: silent },
      }),
    ),
  };
  const as = (role: Caller["role"]) =>
    router(operationsRouter(deps)).createCaller({
      caller: { userId: systemSource.id(), email: `${role}@example.com`, role },
      source: systemSource,
      correlationId: systemSource.id(),
      address: "127.0.0.1",
      logger: silent,
    });
  return { log, as };
}

test("events are found by type, subject, request and time, and a page goes on before the last", async () => {
  const { log, as } = operations();
  const stream = `context:${systemSource.id()}`;
  const subject = systemSource.id();
  const events = [1, 2, 3, 4].map((seq) => ({
    stream,
    seq,
    event: envelopeOf(registered(`${seq}@example.com`, subject)),
  }));
  for (const event of events) await log.append([event]);
  const { events: api } = as("operator");
  const all = await api.list({ subject });
  const seqs = async (filter: Parameters<typeof api.list>[0]) =>
    (await api.list(filter)).map(({ seq }) => seq);
  expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  const [, second, third] = all;
  expect(await seqs({ subject, since: second?.recordedAt ?? "", limit: 10 })).toContain(2);
  const between = { since: second?.recordedAt ?? "", until: third?.recordedAt ?? "" };
  expect(await seqs({ subject, ...between })).not.toContain(4);
  expect(await seqs({ correlationId: events[2]?.event.correlationId })).toEqual([3]);
  expect(await seqs({ subject, types: ["user.registered"], limit: 2 })).toEqual([3, 4]);
  expect(await seqs({ subject, limit: 2, before: third?.position ?? 0 })).toEqual([1, 2]);
  expect(await seqs({ subject, types: ["order.paid"] })).toEqual([]);
  await expect(api.list({ since: "yesterday" })).rejects.toThrow();
});

test("in a long log a search by id, time, request, subject or type reads an index, not the log", async () => {
  const id = systemSource.id();
  await databases.events.query`
    insert into events (position, id, stream, seq, type, version, subject, occurred_at, recorded_at, correlation_id, data)
    select 1000 + n, case when n = 20000 then ${id}::uuid else uuidv7(interval '1 second' * n) end, 'context:long', n, 'long.' || n % 500, 1, 'subject ' || n % 5000, now(),
      now() + interval '1 second' * n, gen_random_uuid(), '{}'
    from generate_series(1, 40000) n`;
  await databases.events.query`analyze events`;
  const plan = async (rows: Promise<Record<string, unknown>[]>) => JSON.stringify(await rows);
  const { query } = databases.events;
  expect(await plan(query`explain select * from events where id = ${id}`)).toContain("events_id");
  expect(
    await plan(
      query`explain select * from events where recorded_at >= now() + interval '5000 s' and recorded_at < now() + interval '5100 s'`,
    ),
  ).toContain("events_recorded");
  expect(await plan(query`explain select * from events where correlation_id = ${id}`)).toContain(
    "events_correlation",
  );
  expect(await plan(query`explain select * from events where subject = 'subject 7'`)).toContain(
    "events_subject",
  );
  expect(await plan(query`explain select * from events where type = 'long.7'`)).toContain(
    "events_type",
  );
});

test("a trace is found by any id that belongs to the request, with what its saga did; others are told", async () => {
  const { log, as } = operations();
  const [correlationId, sagaId, subject] = [
    systemSource.id(),
    systemSource.id(),
    systemSource.id(),
  ];
  const first = { ...envelopeOf(registered("a", subject)), correlationId };
  const next = { ...envelopeOf(registered("b", subject)), correlationId, causationId: first.id };
  const stream = `context:${systemSource.id()}`;
  await log.append([{ stream, seq: 1, event: first }]);
  await log.append([{ stream, seq: 2, event: next }]);
  const position = (await log.find(first.id))?.position ?? 0;
  await databases.core.query`insert into sagas (id, name, status, phase, state, correlation_id)
    values (${sagaId}, 'greet', 'completed', 'done', '{}', ${correlationId})`;
  await databases.core.query`
    insert into saga_steps (name, saga_id, step, input, input_position, phase, status, note, emitted)
    values ('greet', ${sagaId}, 1, 'user.registered', ${position}, 'done', 'completed', 'greeted', ${["user.registered"]})`;
  const { events: api } = as("operator");
  const trace = await api.trace({ id: correlationId });
  expect(trace).toMatchObject({
    events: 2,
    truncated: false,
    correlationIds: [correlationId, sagaId],
    roots: [
      {
        id: first.id,
        children: [
          {
            kind: "step",
            title: "greet",
            says: "greeted (done, completed)",
            children: [{ id: next.id }],
          },
        ],
      },
    ],
  });
  for (const id of [next.id, sagaId, subject, first.id.toUpperCase()])
    expect(await api.trace({ id }), id).toEqual(trace);
  await expect(api.trace({ id: systemSource.id() })).rejects.toThrow("has that id");
  await expect(as("customer").events.trace({ id: correlationId })).rejects.toThrow(
    "operations.read",
  );
});

test("a dead letter is shown with its event and error, and discarded once, for a reason, by staff", async () => {
  const { log, as } = operations();
  const event = { ...envelopeOf(registered("c")), version: newestVersion("user.registered") };
  const position = await log.append([{ stream: `context:${systemSource.id()}`, seq: 1, event }]);
  await databases.core.query`
    insert into parked_events (consumer, position, subject, type, state, attempts, error)
    values ('core.broken', ${position}, ${event.subject}, ${event.type}, 'dead', 8, 'a row is missing')`;
  const { deadLetters } = as("operator");
  const place = { consumer: "core.broken", position };
  expect(await deadLetters.list({ consumer: "core.broken" })).toHaveLength(1);
  expect(await deadLetters.show(place)).toMatchObject({
    letter: { state: "dead", error: "a row is missing", waitingBehind: 0 },
    event: { id: event.id, data: { email: "c" } },
    history: [],
  });
  await expect(as("customer").deadLetters.show(place)).rejects.toThrow("operations.read");
  await expect(deadLetters.discard({ ...place, reason: " " })).rejects.toThrow();
  await deadLetters.discard({ ...place, reason: "was made by hand" });
  await expect(deadLetters.discard({ ...place, reason: "again" })).rejects.toThrow("no such");
  await expect(deadLetters.replay(place)).rejects.toThrow("no such");
  const done = { action: "discarded", reason: "was made by hand", by: "operator@example.com" };
  expect(await deadLetters.show(place)).toMatchObject({ letter: null, history: [done] });
  expect(await deadLetters.history({})).toMatchObject([done]);
  await expect(deadLetters.replay({ consumer: "elsewhere", position: 1 })).rejects.toThrow(
    "no such",
  );
});

test("sagas are listed newest first, page by page over all contexts, by name and by state", async () => {
  const { as } = operations();
  const ids = Array.from({ length: 5 }, () => systemSource.id()).toSorted();
  for (const id of ids)
    await databases.core.query`
      insert into sagas (id, name, status, phase, state, correlation_id)
      values (${id}, 'paged', ${id === ids[0] ? "needs_operator" : "completed"}, 'p', '{}', ${id})`;
  const { sagas } = as("operator");
  const listed = async (filter: Parameters<typeof sagas.list>[0]) =>
    (await sagas.list({ name: "paged", ...filter })).map(({ id }) => ids.indexOf(id));
  expect(await listed({ limit: 2 })).toEqual([4, 3]);
  expect(await listed({ limit: 2, before: ids[3] })).toEqual([2, 1]);
  expect(await listed({ before: ids[1] })).toEqual([0]);
  expect(await listed({ status: "needs_operator" })).toEqual([0]);
});

test("a saga goes on once for one wish of an operator's, however often that is sent, and for nobody else", async () => {
  const { as } = operations();
  const [id, idempotencyKey] = [systemSource.id(), systemSource.id()];
  await databases.core.query`
    insert into sagas (id, name, status, phase, state, correlation_id)
    values (${id}, 'stand', 'needs_operator', 'stuck', '{}', ${id})`;
  const operator = as("operator").sagas;
  const wish = { id, reason: "it may go on", idempotencyKey };
  expect(await operator.show({ id })).toMatchObject({
    possible: { retry: true, compensate: false },
  });
  await expect(as("customer").sagas.retry(wish)).rejects.toThrow("operations.write");
  await expect(operator.retry({ ...wish, reason: "  " })).rejects.toThrow();
  await expect(operator.compensate({ ...wish, idempotencyKey: systemSource.id() })).rejects.toThrow(
    "nothing that could be undone",
  );
  const done = await operator.retry(wish);
  expect(await operator.retry(wish), "the first answer").toEqual(done);
  expect((await operator.show({ id })).steps).toMatchObject([
    { input: "retry", note: "went on (operator@example.com: it may go on)" },
  ]);
  await expect(operator.retry({ ...wish, id: systemSource.id() })).rejects.toThrow("no saga");
});
