import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { idempotent } from "./idempotency.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
  await databases.core.query`create table effects (caller uuid not null, at serial)`;
});
afterAll(() => databases[Symbol.asyncDispose]());

/** A caller whose request writes one row of effect. */
function caller(userId = systemSource.id()) {
  const ask = (key: string, input: unknown = { plan: "a" }, fails = false) =>
    idempotent(databases.core, { userId, key, operation: "orders.create", input }, async (tx) => {
      const [row] = await tx<{ at: number }>`
        insert into effects (caller) values (${userId}) returning at`;
      if (fails) throw new Error("no");
      return { orderId: row?.at };
    });
  const effects = async () =>
    (await databases.core.query`select at from effects where caller = ${userId}`).length;
  return { ask, effects, userId };
}

test("a request that comes again with its key takes effect once, and gets its first answer", async () => {
  const { ask, effects } = caller();
  const key = systemSource.id();
  const first = await ask(key);
  expect(await ask(key)).toEqual(first);
  expect(await effects()).toBe(1);
  expect(await ask(systemSource.id())).not.toEqual(first);
  expect(await effects()).toBe(2);
});

test("requests that come at once with one key take effect once, and all get the one answer", async () => {
  const { ask, effects } = caller();
  const key = systemSource.id();
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(key)));
  expect(new Set(answers.map((answer) => answer.orderId)).size).toBe(1);
  expect(await effects()).toBe(1);
});

test("one key with another request is refused in words that say what to do, and has no effect", async () => {
  const { ask, effects } = caller();
  const key = systemSource.id();
  await ask(key);
  await expect(ask(key, { plan: "b" })).rejects.toMatchObject({
    code: "idempotency_mismatch",
    message: expect.stringContaining("make a new key"),
  });
  expect(await effects()).toBe(1);
});

test("a request that failed leaves its key free: asked again, it is done", async () => {
  const { ask, effects } = caller();
  const key = systemSource.id();
  await expect(ask(key, { plan: "a" }, true)).rejects.toThrow("no");
  expect(await effects()).toBe(0);
  await ask(key);
  expect(await effects()).toBe(1);
});

test("a key is its caller's own: another's request with the same one is another request", async () => {
  const [ann, bob] = [caller(), caller()];
  const key = systemSource.id();
  const answer = await ann.ask(key);
  expect(await bob.ask(key, { plan: "b" })).not.toEqual(answer);
  expect([await ann.effects(), await bob.effects()]).toEqual([1, 1]);
});
