import type { EventType, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Source } from "@cloudphone/shared/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Decision, Saga } from "../context.ts";
import { createEventLog } from "../log/event-log.ts";
import type { Tx } from "../postgres/database.ts";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { runContext } from "../run-context.ts";
import { systemSource } from "../source.ts";
import { envelopeOf, registered, silent, until } from "../testing.ts";
import { findSaga, intervene, possibleFor } from "./intervene.ts";
import { showSaga } from "./queries.ts";
import { sagaConsumer, sagaSweeper } from "./runtime.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

interface Visits {
  readonly asked: number;
}

const hourMs = 3_600_000;

/**
 * Begins with a registration, asks at most three times, each time until a deadline of `deadlineMs`, then is an operator's. Made anew for each test: a name
 * of its own keeps it from the others' events.
 */
function greeting(options: { deadlineMs: number; failsAtDeadline?: boolean }): Saga<Visits> {
  const emailOf = `${systemSource.id()}@example.com`;
  return {
    name: emailOf,
    starts: "user.registered",
    on: ["user.registered", "wallet.credited"],
    route: (event) => {
      if (event.type === "wallet.credited") return event.data.userId;
      if (event.type !== "user.registered") return null;
      return event.data.email === emailOf ? event.data.userId : null;
    },
    decide(state, input): Decision<Visits> | null {
      const next = (
        more: Partial<Decision<Visits>> & Pick<Decision<Visits>, "note">,
      ): Decision<Visits> => ({
        state: { asked: (state?.asked ?? 0) + 1 },
        status: "running",
        phase: "waiting",
        emit: [],
        deadlineMs: options.deadlineMs,
        ...more,
      });
      if (input.kind === "event" && input.event.type === "wallet.credited")
        return next({ note: "credited", status: "completed", phase: "done", deadlineMs: null });
      if (input.kind === "operator" && input.wish === "compensate") return null;
      if (input.kind === "deadline") {
        if (options.failsAtDeadline) throw new Error("cannot decide");
        if ((state?.asked ?? 0) >= 3)
          return next({ note: "given up", status: "needs_operator", deadlineMs: null });
      }
      return next({ note: "asked", emit: [registered("asked@example.com")] });
    },
  };
}

/** The saga, live in the context of billing, with a clock of the hub's own that may be wrong. */
function live(saga: Saga<Visits>, source: Source = systemSource) {
  const log = createEventLog(databases.events);
  const database = databases.billing;
  const running = runContext(
    { name: "billing", database, consumers: [], sagas: [saga as Saga], timers: [] },
    { log, source, logger: silent },
  );
  const sagaId = systemSource.id();
  const stream = `context:${sagaId}`;
  let seq = 0;
  return {
    sagaId,
    name: saga.name,
    say: (...drafts: Parameters<typeof envelopeOf>[0][]) =>
      log.append(drafts.map((draft) => ({ stream, seq: ++seq, event: envelopeOf(draft) }))),
    begin: () =>
      log.append([{ stream, seq: ++seq, event: envelopeOf(registered(saga.name, sagaId)) }]),
    shown: () => showSaga(database, sagaId),
    emitted: async (type: EventType) =>
      (await log.read({ after: 0, limit: 1000, types: [type] })).filter(
        ({ data }) => data.email === "asked@example.com",
      ),
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

test("each step is kept with its input, its time and what it asked for, and its events leave with it", async () => {
  await using saga = live(greeting({ deadlineMs: hourMs }));
  await saga.begin();
  await until("the beginning", saga.shown);
  const data = { userId: saga.sagaId, amountMinor: 1, currency: "CNY", reason: "x" };
  await saga.say({ type: "wallet.credited", subject: saga.sagaId, data });
  const shown = await until("the end", async () => {
    const found = await saga.shown();
    return found?.status === "completed" && found;
  });
  expect(shown).toMatchObject({ phase: "done", deadlineAt: null, state: { asked: 2 } });
  expect(shown.steps).toMatchObject([
    { step: 1, input: "user.registered", note: "asked", emitted: ["user.registered"] },
    { step: 2, input: "wallet.credited", note: "credited", emitted: [], status: "completed" },
  ]);
  for (const { at, inputPosition } of shown.steps) {
    expect(Date.parse(at)).toBeGreaterThan(0);
    expect(inputPosition).toBeGreaterThan(0);
  }
  expect((await until("its request", async () => saga.emitted("user.registered"))).length).toBe(1);
});

test("what comes in one batch are the steps of each saga in its order, each with what it asked for and why", async () => {
  await using saga = live(greeting({ deadlineMs: hourMs }));
  const credited = (reason: string) => ({
    type: "wallet.credited" as const,
    subject: saga.sagaId,
    data: { userId: saga.sagaId, amountMinor: 1, currency: "CNY", reason },
  });
  // The first comes before there is a saga.
  await saga.say(credited("early"), registered(saga.name, saga.sagaId), credited("in time"));
  const shown = await until("the end", async () => {
    const found = await saga.shown();
    return found?.status === "completed" && found;
  });
  expect(shown.steps.map(({ step, note }) => `${step} ${note}`)).toEqual(["1 asked", "2 credited"]);
  const position = shown.steps[0]?.inputPosition ?? 0;
  const [begun] = await createEventLog(databases.events).read({ after: position - 1, limit: 1 });
  const asked = await until("its request", async () =>
    (await saga.emitted("user.registered")).find(({ causationId }) => causationId === begun?.id),
  );
  expect(asked.correlationId).toBe(begun?.correlationId);
});

test("a deadline that passes is a step: asked again, and again, then an operator's, and no more", async () => {
  await using saga = live(greeting({ deadlineMs: 1 }));
  await saga.begin();
  const shown = await until("an operator's", async () => {
    const found = await saga.shown();
    return found?.status === "needs_operator" && found;
  });
  expect(shown.steps.map(({ input, note }) => `${input}: ${note}`)).toEqual([
    "user.registered: asked",
    "deadline: asked",
    "deadline: asked",
    "deadline: given up",
  ]);
  expect(shown.deadlineAt).toBeNull();
});

test("a saga that can't say what its deadline means is an operator's, with the reason, and is asked once", async () => {
  await using saga = live(greeting({ deadlineMs: 1, failsAtDeadline: true }));
  await saga.begin();
  const shown = await until("an operator's", async () => {
    const found = await saga.shown();
    return found?.status === "needs_operator" && found;
  });
  expect(shown.steps.at(-1)).toMatchObject({ input: "deadline", note: "cannot decide" });
  expect(shown).toMatchObject({ deadlineAt: null, state: { asked: 1 } });
});

test("a deadline is kept by the database's clock, however wrong the hub's own is", async () => {
  const slow = { ...systemSource, now: () => Date.now() - hourMs };
  const fast = { ...systemSource, now: () => Date.now() + 2 * hourMs };
  await using due = live(greeting({ deadlineMs: 1 }), slow);
  await due.begin();
  await until("the deadline, an hour behind", async () => {
    const found = await due.shown();
    return (found?.steps.length ?? 0) > 1;
  });
  const saga = greeting({ deadlineMs: hourMs });
  await using early = live(saga, fast);
  await early.begin();
  await until("the beginning", early.shown);
  // A pass of the sweeper of its own, two hours ahead, from beginning to end.
  const swept = Promise.withResolvers<void>();
  await databases.billing
    .query`insert into sagas (id, name, status, phase, state, correlation_id, deadline_at, look_at)
    values (${systemSource.id()}, 'nobody', 'running', '', '{}', ${systemSource.id()}, clock_timestamp(), clock_timestamp())`;
  const sweeper = sagaSweeper([saga, { ...saga, name: "nobody" }] as Saga[], {
    database: databases.billing,
    source: fast,
    logger: silent,
    onCommitted: () => swept.resolve(),
  });
  sweeper.start();
  await swept.promise;
  await sweeper.stop();
  await databases.billing.query`delete from saga_steps where name = 'nobody'`;
  await databases.billing.query`delete from sagas where name = 'nobody'`;
  expect((await early.shown())?.steps).toHaveLength(1);
});

test("any number of deadlines of a saga that is no more hold up no other", async () => {
  await databases.billing.query`
    insert into sagas (id, name, status, phase, state, correlation_id, deadline_at, look_at)
    select gen_random_uuid(), 'gone', 'running', '', '{}', gen_random_uuid(), clock_timestamp() - interval '1 hour', clock_timestamp() - interval '1 hour'
    from generate_series(1, 120)`;
  await using saga = live(greeting({ deadlineMs: 1 }));
  await saga.begin();
  await until("its deadline", async () => ((await saga.shown())?.steps.length ?? 0) > 1);
  const [left] = await databases.billing.query<{ n: number }>`
    select count(*)::int as n from sagas where name = 'gone' and status = 'running'`;
  expect(left?.n).toBe(120);
  await databases.billing.query`delete from sagas where name = 'gone'`;
});

test("what an operator has a saga do is a step with their name and reason, and an event that the rest follows from", async () => {
  const saga = greeting({ deadlineMs: hourMs });
  await using running = live(saga);
  await running.begin();
  await until("the beginning", running.shown);
  const { sagaId } = running;
  const by = { userId: systemSource.id(), email: "olga@example.com" };
  const { billing } = databases;
  const ask = (wish: "retry" | "compensate") =>
    billing.transaction((tx) =>
      intervene(tx, saga as Saga, { sagaId, wish, reason: "it hangs", by, source: systemSource }),
    );
  expect(await findSaga(billing.query, [saga as Saga], sagaId)).toBe(saga);
  expect(possibleFor(saga as Saga, { state: { asked: 1 }, at: "" })).toEqual({
    ...{ retry: true, compensate: false },
  });
  await expect(ask("compensate")).rejects.toMatchObject({ code: "conflict" });
  await ask("retry");
  const shown = await running.shown();
  expect(shown?.steps.at(-1)).toMatchObject({
    ...{ input: "retry", note: "asked (olga@example.com: it hangs)", status: "running" },
  });
  const log = createEventLog(databases.events);
  const [said] = await until("the event", async () => {
    const found = await log.read({ after: 0, limit: 10, types: ["saga.intervened"] });
    return found.length > 0 && found;
  });
  const data = { sagaId, saga: saga.name, wish: "retry", reason: "it hangs", byUserId: by.userId };
  expect(said).toMatchObject({ subject: sagaId, data });
  const asked = await until("what it asked for", async () => {
    const found = await running.emitted("user.registered");
    return found.length > 1 && found;
  });
  expect(asked.map(({ causationId }) => causationId)).toContain(said?.id);
});

test("two hubs that find one deadline passed take it once", async () => {
  const saga = greeting({ deadlineMs: hourMs });
  await using running = live(saga);
  await running.begin();
  await until("the beginning", running.shown);
  const sweepers = Array.from({ length: 6 }, () =>
    sagaSweeper([saga as Saga], {
      database: databases.billing,
      source: systemSource,
      logger: silent,
      onCommitted: () => undefined,
    }),
  );
  await databases.billing
    .query`update sagas set deadline_at = clock_timestamp(), look_at = clock_timestamp() where id = ${running.sagaId}`;
  for (const sweeper of sweepers) sweeper.start();
  await until("the deadline", async () => ((await running.shown())?.steps.length ?? 0) > 1);
  for (const sweeper of sweepers) await sweeper.stop();
  expect((await running.shown())?.steps).toHaveLength(2);
});

test("a deadline that a step put off is found early once, and is no step until it passes", async () => {
  await using saga = live(greeting({ deadlineMs: hourMs }));
  await saga.begin();
  await until("the beginning", saga.shown);
  const { query } = databases.billing;
  await query`update sagas set look_at = clock_timestamp() where id = ${saga.sagaId}`;
  await until("the look", async () => {
    const [row] = await query<{ later: boolean }>`
      select look_at = deadline_at as later from sagas where id = ${saga.sagaId}`;
    return row?.later;
  });
  expect((await saga.shown())?.steps).toHaveLength(1);
  await query`update sagas set deadline_at = clock_timestamp(), look_at = clock_timestamp() where id = ${saga.sagaId}`;
  await until("its deadline", async () => (await saga.shown())?.steps.length === 2);
});

test("a deadline that a step brings nearer is kept in time", async () => {
  const options = { deadlineMs: hourMs };
  await using saga = live(greeting(options));
  await saga.begin();
  await until("the beginning", saga.shown);
  options.deadlineMs = 1;
  await saga.say(registered(saga.name, saga.sagaId));
  const shown = await until("the deadline", async () => {
    const found = await saga.shown();
    return (found?.steps.length ?? 0) > 2 && found;
  });
  expect(shown.steps.slice(0, 3).map(({ input }) => input)).toEqual([
    ...["user.registered", "user.registered", "deadline"],
  ]);
});

test("a step in the middle leaves the saga's indexes alone, also with a later deadline; the last takes it out of them", async () => {
  const saga = greeting({ deadlineMs: hourMs }) as Saga;
  const { fold } = sagaConsumer("billing", saga);
  const sagaId = systemSource.id();
  const begins = { ...envelopeOf(registered(saga.name, sagaId)), position: 1 };
  const data = { userId: sagaId, amountMinor: 1, currency: "CNY", reason: "x" };
  const ends = { ...envelopeOf({ type: "wallet.credited", subject: sagaId, data }), position: 2 };
  const counters = async (tx: Tx) =>
    (
      await tx<{ updated: number; hot: number; due: number }>`
        select pg_stat_get_xact_tuples_updated('sagas'::regclass) as updated, pg_stat_get_xact_tuples_hot_updated('sagas'::regclass) as hot,
          (select count(*) from sagas where id = ${sagaId} and look_at is not null) as due`
    )[0] ?? { updated: Number.NaN, hot: Number.NaN, due: Number.NaN };
  const counted = (events: readonly object[]) =>
    databases.billing.transaction(async (tx) => {
      const before = await counters(tx);
      await fold?.(tx, events as readonly RecordedEvent[], systemSource);
      const { updated, hot, due } = await counters(tx);
      return { updated: updated - before.updated, hot: hot - before.hot, due };
    });
  expect(await counted([begins])).toEqual({ updated: 0, hot: 0, due: 1 });
  // The same again: it asks once more, by a new deadline.
  expect(await counted([begins])).toEqual({ updated: 1, hot: 1, due: 1 });
  expect(await counted([ends])).toEqual({ updated: 1, hot: 0, due: 0 });
});

test("a saga that an earlier release began goes on with its history where that ends", async () => {
  await using saga = live(greeting({ deadlineMs: hourMs }));
  await saga.begin();
  await until("the beginning", saga.shown);
  // As the migration leaves it: nobody counted its steps.
  await databases.billing.query`update sagas set steps = null where id = ${saga.sagaId}`;
  const data = { userId: saga.sagaId, amountMinor: 1, currency: "CNY", reason: "x" };
  await saga.say(registered(saga.name, saga.sagaId), {
    ...{ type: "wallet.credited", subject: saga.sagaId, data },
  });
  const shown = await until("the end", async () => {
    const found = await saga.shown();
    return found?.status === "completed" && found;
  });
  expect(shown.steps.map(({ step, note }) => `${step} ${note}`)).toEqual([
    ...["1 asked", "2 asked", "3 credited"],
  ]);
});
