import { randomBytes } from "node:crypto";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { Fault } from "@cloudphone/shared/fault";
import { type Source, uuidv7 } from "@cloudphone/shared/ids";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { Consumer } from "../context.ts";
import type { Database } from "../postgres/database.ts";
import { testDatabases } from "../postgres/testing.ts";
import { ConsumerRunner } from "./consumer.ts";
import { createEventLog } from "./event-log.ts";
import { emit } from "./outbox.ts";
import { relayOutbox } from "./relay.ts";

const source: Source = { id: () => uuidv7(Date.now(), randomBytes(16)), now: () => Date.now() };

const registered = (email: string): EventDraft<"user.registered"> => {
  const userId = source.id();
  return {
    type: "user.registered",
    subject: userId,
    data: { userId, email, role: "customer", demo: false },
  };
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !(await holds()); ) {
    expect(performance.now(), "it happened in time").toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("events of a batch that was taken one by one take effect once, also when the database goes away in the middle", async () => {
  await using databases = await testDatabases();
  const log = createEventLog(databases.events);
  const core = databases.core;
  await core.query`create table effects (email text not null)`;
  await core.transaction((tx) =>
    emit(tx, ["a", "b", "bad", "c"].map(registered), {
      cause: { correlationId: source.id(), causationId: null },
      source,
    }),
  );
  while (await relayOutbox({ name: "core", database: core }, log));
  // 1: the batch, which `bad` fails. 2, 3: `a`, `b`. 4: `bad`, which fails. 5: parking it, when the database is lost.
  let transactions = 0;
  const faulty: Database = {
    name: core.name,
    query: core.query,
    transaction: (work) =>
      ++transactions === 5
        ? Promise.reject(new Fault("unavailable", "The connection to PostgreSQL was lost."))
        : core.transaction(work),
  };
  let broken = true;
  const consumer: Consumer = {
    name: "core.effects",
    on: {
      "user.registered": async ({ data }, { tx }) => {
        if (data.email === "bad" && broken) throw new Error("cannot be handled");
        await tx`insert into effects values (${data.email})`;
      },
    },
  };
  const logger = pino({ level: "silent" });
  const runner = new ConsumerRunner(consumer, {
    database: faulty,
    log,
    source,
    logger,
    onCommitted: () => undefined,
  });
  const effects = async (): Promise<string[]> =>
    (await core.query<{ email: string }>`select email from effects order by email`).map(
      (row) => row.email,
    );
  runner.start();
  try {
    await until(async () => (await effects()).includes("c"));
    expect(await effects()).toEqual(["a", "b", "c"]);
    broken = false;
    await until(async () => (await effects()).includes("bad"));
    expect(await effects()).toEqual(["a", "b", "bad", "c"]);
  } finally {
    await runner.stop();
  }
});
