import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Database } from "../../platform/postgres/database.ts";
import { testDatabases } from "../../platform/postgres/testing.ts";
import { testSource } from "../testing.ts";
import { findWallet, lockLedger, openWallet, post, systemAccount } from "./ledger.ts";
import { capture, chargeUsage, hold, type Movement, topUp, voidHold } from "./movements.ts";
import { listTransactions, sumRevenue } from "./transactions.ts";
import { verifyLedger } from "./verify.ts";

const currency = "CNY";

const movement = (userId: string, amountMinor: number, of = testSource.id()): Movement => ({
  userId,
  currency,
  amountMinor,
  of,
  memo: "test",
  correlationId: null,
});

/** A wallet with 10.00 in it. */
async function fundedWallet(database: Database) {
  const userId = testSource.id();
  await database.transaction((tx) => topUp(tx, movement(userId, 1000), testSource));
  const wallet = await database.transaction((tx) => findWallet(tx, { userId, currency }));
  if (!wallet) throw new Error("no wallet");
  return { userId, ...wallet };
}

test("a transaction that does not add up to zero, or has one entry, or none, is refused at its commit", async () => {
  await using databases = await testDatabases();
  const { walletId, heldId } = await fundedWallet(databases.billing);
  const postWith = (entries: { accountId: string; amountMinor: number }[]) =>
    databases.billing.transaction((tx) =>
      post(
        tx,
        { kind: "hold", reference: testSource.id(), memo: "", correlationId: null, entries },
        testSource,
      ),
    );
  const unbalanced = [
    { accountId: walletId, amountMinor: -5 },
    { accountId: heldId, amountMinor: 4 },
  ];
  await expect(postWith(unbalanced)).rejects.toThrow("does not add up to zero");
  await expect(postWith([{ accountId: walletId, amountMinor: -5 }])).rejects.toThrow("fewer than");
  await expect(postWith([])).rejects.toThrow("fewer than two entries");
  expect(await verifyLedger(databases.billing)).toMatchObject({ sound: true });
});

test("two currencies can't balance each other", async () => {
  await using databases = await testDatabases();
  const { walletId } = await fundedWallet(databases.billing);
  const mixed = databases.billing.transaction(async (tx) => {
    const euro = await systemAccount(tx, { kind: "revenue", currency: "EUR" }, testSource);
    const entries = [
      { accountId: walletId, amountMinor: -5 },
      { accountId: euro, amountMinor: 5 },
    ];
    await post(
      tx,
      { kind: "usage", reference: "mixed", memo: "", correlationId: null, entries },
      testSource,
    );
  });
  await expect(mixed).rejects.toThrow("does not add up to zero");
});

test("what is posted can't be changed, deleted, emptied or added to, also when the wall of grants is gone", async () => {
  await using databases = await testDatabases();
  const { query } = databases.billing;
  const { walletId, heldId } = await fundedWallet(databases.billing);
  const changes = [
    () => query`update entries set amount_minor = 1`,
    () => query`delete from entries`,
    () => query`truncate entries`,
  ];
  for (const change of changes) await expect(change()).rejects.toThrow("permission denied");
  await query`grant update, delete, truncate on entries to current_user`;
  for (const change of changes) await expect(change()).rejects.toThrow("append-only");
  await expect(query`update transactions set memo = 'x'`).rejects.toThrow("append-only");
  await expect(query`delete from transactions`).rejects.toThrow("append-only");
  await expect(query`delete from accounts`).rejects.toThrow("append-only");
  await expect(
    query`insert into entries (transaction_id, account_id, amount_minor)
      select id, a, m from transactions, (values (${walletId}::uuid, 5), (${heldId}::uuid, -5)) v(a, m)`,
  ).rejects.toThrow("is closed");
  expect(await verifyLedger(databases.billing)).toMatchObject({ sound: true });
});

test("the same reference is posted once, and a movement of zero not at all", async () => {
  await using databases = await testDatabases();
  const { userId } = await fundedWallet(databases.billing);
  const same = movement(userId, 100);
  for (let time = 0; time < 3; time++)
    await databases.billing.transaction((tx) => chargeUsage(tx, same, testSource));
  await databases.billing.transaction((tx) => chargeUsage(tx, movement(userId, 0), testSource));
  const wallet = await databases.billing.transaction((tx) => findWallet(tx, { userId, currency }));
  expect(wallet).toMatchObject({ balanceMinor: 900 });
  const [row] = await databases.billing.query<{ count: number }>`
    select count(*) as count from transactions where kind = 'usage'`;
  expect(row?.count).toBe(1);
});

test("recounting finds a balance that was changed behind the ledger's back", async () => {
  await using databases = await testDatabases();
  const { walletId } = await fundedWallet(databases.billing);
  await databases.billing.query`update accounts set balance_minor = 999999 where id = ${walletId}`;
  expect(await verifyLedger(databases.billing)).toMatchObject({
    sound: false,
    mismatches: [{ accountId: walletId, balanceMinor: 999_999, entriesMinor: 1000 }],
  });
});

test("holds that race for the same money are granted only as far as it goes", async () => {
  await using databases = await testDatabases();
  const { userId } = await fundedWallet(databases.billing);
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () =>
      databases.billing.transaction((tx) => hold(tx, movement(userId, 300), testSource)),
    ),
  );
  expect(outcomes.filter(({ outcome }) => outcome === "held")).toHaveLength(3);
  const wallet = await databases.billing.transaction((tx) => findWallet(tx, { userId, currency }));
  expect(wallet).toMatchObject({ balanceMinor: 100, heldMinor: 900 });
});

interface NewMoney {
  readonly kind: "topup" | "hold" | "charge";
  readonly user: number;
  readonly amount: number;
}
interface HeldMoney {
  readonly kind: "capture" | "void";
  readonly user: number;
  readonly pick: number;
}
type Step = NewMoney | HeldMoney;

const user = fc.nat({ max: 2 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("topup" as const, "hold" as const, "charge" as const),
    user,
    amount: fc.nat({ max: 1000 }),
  }),
  fc.record({ kind: fc.constantFrom("capture" as const, "void" as const), user, pick: fc.nat() }),
);

test("any sequence of top-ups, holds, captures, voids and charges leaves the balances of a simple model, adding up to zero", async () => {
  await using databases = await testDatabases();
  const { billing } = databases;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 30 }), async (steps) => {
      const users = [0, 1, 2].map(() => ({
        userId: testSource.id(),
        balance: 0,
        held: 0,
        holds: [] as { of: string; amount: number }[],
      }));
      for (const step of steps) {
        const model = users[step.user];
        if (!model) continue;
        await apply(billing, model, step);
      }
      for (const model of users) {
        const { userId } = model;
        const wallet = await billing.transaction(async (tx) => {
          await lockLedger(tx);
          return openWallet(tx, { userId, currency }, testSource);
        });
        expect([wallet.balanceMinor, wallet.heldMinor]).toEqual([model.balance, model.held]);
      }
      const report = await verifyLedger(billing);
      expect(report).toMatchObject({ unbalanced: [], mismatches: [] });
      expect(report.sums.every((row) => row.sumMinor === 0)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

interface Model {
  readonly userId: string;
  balance: number;
  held: number;
  readonly holds: { of: string; amount: number }[];
}

const apply = (database: Database, model: Model, step: Step): Promise<void> =>
  "pick" in step ? settleHeld(database, model, step) : moveNew(database, model, step);

async function settleHeld(database: Database, model: Model, step: HeldMoney): Promise<void> {
  const [held] = model.holds.splice(step.pick % (model.holds.length || 1), 1);
  if (!held) return;
  const move = step.kind === "capture" ? capture : voidHold;
  const given = movement(model.userId, held.amount, held.of);
  // Twice: what comes again changes nothing.
  for (let time = 0; time < 2; time++)
    await database.transaction((tx) => move(tx, given, testSource));
  model.held -= held.amount;
  if (step.kind === "void") model.balance += held.amount;
}

async function moveNew(database: Database, model: Model, step: NewMoney): Promise<void> {
  const given = movement(model.userId, step.amount);
  await database.transaction(async (tx) => {
    if (step.kind === "topup") {
      await topUp(tx, given, testSource);
      model.balance += step.amount;
    } else if (step.kind === "charge") {
      await chargeUsage(tx, given, testSource);
      model.balance -= step.amount;
    } else {
      const { outcome } = await hold(tx, given, testSource);
      expect(outcome).toBe(model.balance < step.amount ? "short" : "held");
      if (outcome === "short") return;
      model.balance -= step.amount;
      model.held += step.amount;
      model.holds.push({ of: given.of, amount: step.amount });
    }
  });
}

test("every movement is listed with both sides, newest first, page by page; revenue is what was earned since", async () => {
  await using databases = await testDatabases();
  const { query } = databases.billing;
  const { userId } = await fundedWallet(databases.billing);
  await fundedWallet(databases.billing);
  const of = movement(userId, 300);
  await databases.billing.transaction((tx) => hold(tx, of, testSource));
  await databases.billing.transaction((tx) => capture(tx, of, testSource));
  const all = { userId: null, kind: null, search: null, before: null, limit: 10 };
  const listed = await listTransactions(query, all);
  const ids = listed.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted().toReversed());
  expect(listed.find(({ kind }) => kind === "capture")?.sides).toEqual([
    { account: "held", userId, amountMinor: -300, currency },
    { account: "revenue", userId: null, amountMinor: 300, currency },
  ]);
  const kinds = async (filter: Partial<Parameters<typeof listTransactions>[1]>) =>
    (await listTransactions(query, { ...all, ...filter })).map(({ kind }) => kind).toSorted();
  expect(await kinds({})).toEqual(["capture", "hold", "topup", "topup"]);
  expect(await kinds({ userId })).toEqual(["capture", "hold", "topup"]);
  expect(await kinds({ search: of.of })).toEqual(["capture", "hold"]);
  expect(await kinds({ search: "%" })).toEqual([]);
  const [first, second] = [
    await listTransactions(query, { ...all, limit: 2 }),
    await listTransactions(query, { ...all, before: ids[1] ?? null }),
  ];
  expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  const since = (at: string) => sumRevenue(query, { currency, since: at });
  expect(await since("2000-01-01T00:00:00Z")).toBe(300);
  expect(await since("2999-01-01T00:00:00Z")).toBe(0);
});
