import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";
import { customerOf } from "../testing-customers.ts";
import { auditCleaning } from "./audit-log.ts";

let bench: CoreBench;
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());

const olga: Caller = { userId: systemSource.id(), email: "olga@example.com", role: "operator" };
const acts = (filter: { act?: string; by?: string } = {}) => bench.as(admin).audit.list(filter);

test("what an operator does is written down with who, what, why and what came of it, and a refusal with its words", async () => {
  const { hostId } = await bench.host(1);
  await bench.as(olga).hosts.drain({ hostId, reason: "its fan is loud" });
  await expect(
    bench.as(olga).hosts.drain({ hostId: systemSource.id(), reason: "gone" }),
  ).rejects.toThrow();
  const [refused, drained] = await acts({ by: olga.email });
  expect(drained).toMatchObject({
    ...{ by: olga.email, act: "hosts.drain", outcome: "ok", refusal: null, keyId: null },
    asked: { hostId, reason: "its fan is loud" },
  });
  expect(refused).toMatchObject({ outcome: "not_found", refusal: expect.stringContaining("host") });
  expect(await acts({ act: "hosts.drain" })).toHaveLength(2);
  expect(await acts({ act: "host" })).toEqual([]);
});

test("a password that an administrator gives is in no row", async () => {
  const password = "a very secret password";
  const email = "new@example.com";
  await bench
    .as(admin)
    .accounts.create({ email, password, role: "customer", idempotencyKey: systemSource.id() });
  const [made] = await acts({ act: "accounts.create" });
  expect(made?.asked).toEqual({ email, password: "•••", role: "customer" });
});

test("somebody else's sign-ins that are ended are an act, one's own are not", async () => {
  const ann = await customerOf(bench, "ann");
  await bench.as(ann).signIns.endOthers({});
  await bench.as(olga).signIns.endOthers({ account: ann.email });
  expect(await acts({ act: "signIns" })).toMatchObject([
    { by: olga.email, asked: { account: ann.email }, outcome: "ok" },
  ]);
});

test("what customers do with their own things, and who only looks, is in no row; nor may they read it", async () => {
  const before = await acts();
  const ann = await customerOf(bench, "ann");
  await bench.as(ann).notifications.setPreference({
    ...{ kind: "balance.low", inApp: false, webhook: false },
  });
  await bench.as(olga).hosts.list();
  expect((await acts()).length).toBe(before.length);
  await expect(bench.as(ann).audit.list({})).rejects.toThrow("audit.read");
});

test("an act that can't be written down is not done", async () => {
  const { core } = bench.databases;
  await core.query`alter table audit_log rename to audit_log_away`;
  await expect(
    bench.as(admin).roles.save({ name: "unseen", permissions: ["hosts.read"] }),
  ).rejects.toThrow();
  await core.query`alter table audit_log_away rename to audit_log`;
  expect((await bench.as(admin).roles.list()).map(({ name }) => name)).not.toContain("unseen");
});

test("acts older than they are to be kept go, however many they are, and no younger one; by default all stay", async () => {
  const { core } = bench.databases;
  await core.query`
    insert into audit_log (id, at, by_user, by_email, address, act, asked, correlation_id)
    select ('00000000-0000-7000-8000-' || lpad((9999 - n)::text, 12, '0'))::uuid, clock_timestamp() - n * interval '1 day',
      ${admin.userId}, 'old@example.com', '127.0.0.1', 'hosts.drain', '{}', ${systemSource.id()}
    from generate_series(1, 2300) as n`;
  const left = async (keepDays: number | null) => {
    await auditCleaning(core, keepDays).run();
    const [row] = await core.query<{
      n: number;
    }>`select count(*) as n from audit_log where by_email = 'old@example.com'`;
    return row?.n;
  };
  const others = (await acts()).filter(({ by }) => by !== "old@example.com").length;
  expect(await left(null)).toBe(2300);
  expect(await left(30)).toBe(29);
  expect((await acts()).filter(({ by }) => by !== "old@example.com")).toHaveLength(others);
});
