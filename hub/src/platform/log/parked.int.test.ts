import { afterAll, beforeAll, expect, test } from "vitest";
import type { Consumer } from "../context.ts";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { envelopeOf, registered, silent, until } from "../testing.ts";
import { ConsumerRunner } from "./consumer.ts";
import { createEventLog } from "./event-log.ts";
import { discardParked, listActions, replayParked } from "./dead-letters.ts";
import { countParked, listParked, showParked } from "./parked.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
  await databases.core
    .query`create table effects (consumer text not null, email text not null, place serial)`;
});
afterAll(() => databases[Symbol.asyncDispose]());

const operator = { userId: systemSource.id(), email: "op@example.com" };

/** A consumer of the test's own that writes down each e-mail address, and can't handle those that `breaks` says. */
function follow(breaks: (email: string) => boolean) {
  const name = `core.${systemSource.id()}`;
  const stream = `context:${name}`;
  let seq = 0;
  const log = createEventLog(databases.events);
  const consumer: Consumer = {
    name,
    on: {
      "user.registered": async ({ data, stream: from }, { tx }) => {
        if (from !== stream) return;
        if (breaks(data.email)) throw new Error("cannot be handled");
        await tx`insert into effects (consumer, email) values (${name}, ${data.email})`;
      },
    },
  };
  const runner = () =>
    new ConsumerRunner(consumer, {
      database: databases.core,
      log,
      source: systemSource,
      logger: silent,
      onCommitted: () => undefined,
    });
  return {
    name,
    runner,
    say: (...said: { email: string; subject: string }[]) =>
      log.append(
        said.map(({ email, subject }) => ({
          stream,
          seq: ++seq,
          event: envelopeOf(registered(email, subject)),
        })),
      ),
    effects: async () =>
      (
        await databases.core.query<{ email: string }>`
          select email from effects where consumer = ${name} order by place`
      ).map(({ email }) => email),
    parked: async () =>
      (await listParked(databases.core, 1000)).filter(({ consumer: of }) => of === name),
  };
}

test("behind an event that can't be handled its subject waits, in order, and every other subject goes on", async () => {
  let broken = true;
  const { runner, say, effects, parked } = follow((email) => broken && email === "ann 1");
  const [ann, bob] = [systemSource.id(), systemSource.id()];
  const live = runner();
  live.start();
  try {
    await say({ email: "ann 1", subject: ann }, { email: "bob 1", subject: bob });
    await until("bob's first", async () => (await effects()).includes("bob 1"));
    await say({ email: "ann 2", subject: ann }, { email: "bob 2", subject: bob });
    await until("bob's second", async () => (await effects()).includes("bob 2"));
    expect(await effects()).toEqual(["bob 1", "bob 2"]);
    expect((await parked()).map(({ subject }) => subject)).toEqual([ann, ann]);
    broken = false;
    await until("ann's", async () => (await effects()).length === 4);
    expect(await effects()).toEqual(["bob 1", "bob 2", "ann 1", "ann 2"]);
    expect(await parked()).toEqual([]);
  } finally {
    await live.stop();
  }
});

test("what fails for the eighth time is a dead letter, which its subject waits behind until an operator replays it", async () => {
  let broken = true;
  const { name, runner, say, effects, parked } = follow((email) => broken && email === "ann 1");
  const ann = systemSource.id();
  const live = runner();
  live.start();
  try {
    await say({ email: "ann 1", subject: ann }, { email: "ann 2", subject: ann });
    await until("its parking", async () => (await parked()).length === 2);
    await databases.core
      .query`update parked_events set attempts = 7, next_attempt_at = clock_timestamp()
      where consumer = ${name} and attempts > 0`;
    const dead = await until("its death", async () =>
      (await parked()).find(({ state }) => state === "dead"),
    );
    expect(dead).toMatchObject({ attempts: 8, error: "cannot be handled", subject: ann });
    expect(await effects()).toEqual([]);
    broken = false;
    expect(
      await replayParked(databases.core, { consumer: name, position: dead.position }, operator),
    ).toBe(true);
    await until("ann's", async () => (await effects()).length === 2);
    expect(await effects()).toEqual(["ann 1", "ann 2"]);
    expect(
      await replayParked(databases.core, { consumer: name, position: dead.position }, operator),
    ).toBe(false);
  } finally {
    await live.stop();
  }
});

test("a dead letter that is discarded is never handled, what waited behind it goes on, and who did it is kept", async () => {
  const { name, runner, say, effects, parked } = follow((email) => email === "ann 1");
  const ann = systemSource.id();
  const live = runner();
  live.start();
  try {
    await say({ email: "ann 1", subject: ann }, { email: "ann 2", subject: ann });
    const [waiting, failing] = await until("its parking", async () => {
      const rows = await parked();
      return rows.length === 2 && rows;
    });
    const place = { consumer: name, position: failing?.position ?? 0, reason: "a test account" };
    // Tried again meanwhile, so it may yet be handled.
    expect(await discardParked(databases.core, place, operator)).toBe("retrying");
    await databases.core
      .query`update parked_events set attempts = 7, next_attempt_at = clock_timestamp()
      where consumer = ${name} and position = ${place.position}`;
    await until("its death", async () => (await parked()).some(({ state }) => state === "dead"));
    expect(await showParked(databases.core, place)).toMatchObject({
      state: "dead",
      error: "cannot be handled",
      waitingBehind: 1,
    });
    expect(await countParked(databases.core)).toContainEqual({
      consumer: name,
      parked: 2,
      dead: 1,
    });
    const both = await Promise.all([
      discardParked(databases.core, place, operator),
      discardParked(databases.core, place, operator),
    ]);
    expect(both).toContain("discarded");
    expect(both).toContain(null);
    await until("the one behind", async () => (await effects()).length === 1);
    expect(await effects()).toEqual(["ann 2"]);
    expect(await parked()).toEqual([]);
    expect(waiting).toMatchObject({ subject: ann, error: null });
    expect(await listActions(databases.core, { place, limit: 10 })).toMatchObject([
      {
        action: "discarded",
        reason: "a test account",
        error: "cannot be handled",
        by: operator.email,
      },
    ]);
  } finally {
    await live.stop();
  }
});

test("two hubs that follow the log for one consumer let each event take effect once", async () => {
  const { runner, say, effects } = follow(() => false);
  const hubs = [runner(), runner()];
  for (const hub of hubs) hub.start();
  try {
    const emails = Array.from({ length: 60 }, (_, index) => String(index));
    for (let at = 0; at < emails.length; at += 6)
      await say(
        ...emails.slice(at, at + 6).map((email) => ({ email, subject: systemSource.id() })),
      );
    await until("all", async () => (await effects()).length >= emails.length);
    // Both are past the end, so whoever would have handled one twice has done so.
    const head = await createEventLog(databases.events).head();
    await until("both", async () => hubs.every(({ position }) => position >= head));
    expect((await effects()).toSorted()).toEqual(emails.toSorted());
  } finally {
    for (const hub of hubs) await hub.stop();
  }
});

test("an event of a newer release waits for one that knows it, and what is behind it in the same batch waits as well", async () => {
  const { runner, effects, parked, name } = follow(() => false);
  const log = createEventLog(databases.events);
  const event = { ...envelopeOf(registered("ann 1")), version: 99 };
  const behind = envelopeOf(registered("ann 2", event.subject));
  const stream = `context:${name}`;
  await log.append([
    { stream, seq: 1, event },
    { stream, seq: 2, event: behind },
  ]);
  const live = runner();
  live.start();
  try {
    const rows = await until("its parking", async () => {
      const both = await parked();
      return both.length === 2 && both;
    });
    expect(rows.map(({ state }) => state).toSorted()).toEqual(["retrying", "waiting"]);
    expect(await effects()).toEqual([]);
  } finally {
    await live.stop();
  }
});
