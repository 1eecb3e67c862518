import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { customerOf } from "../testing-customers.ts";
import { type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
let ann: Caller;
beforeAll(async () => {
  bench = await startCore();
  ann = await customerOf(bench, "ann");
});
afterAll(() => bench[Symbol.asyncDispose]());

const keys = (caller: Caller) => bench.as(caller).apiKeys;
const make = (...scopes: string[]) => keys(ann).create({ name: "CI", scopes });
const verify = (key: string) => bench.core.authenticate(key);
const refusal = "is not valid, is over or was revoked";

test("a key stands for whoever made it, with its scopes, and says when it was used last", async () => {
  const { id, key } = await make("devices.read");
  expect(key).toMatch(/^cpk_[\w-]{43}$/);
  const before = (await keys(ann).list()).find((one) => one.id === id);
  expect(before).toMatchObject({ name: "CI", state: "active", lastUsedAt: null });
  expect(key.startsWith(before?.prefix ?? "?")).toBe(true);
  expect(await verify(key)).toMatchObject({ ...ann, key: { id, scopes: ["devices.read"] } });
  const after = (await keys(ann).list()).find((one) => one.id === id);
  expect(after?.lastUsedAt).not.toBeNull();
});

test("a key reads what it was made for and does nothing else", async () => {
  const caller = await verify((await make("devices.read")).key);
  expect(await bench.as(caller).devices.list()).toEqual([]);
  await expect(bench.as(caller).devices.stop({ device: "any" })).rejects.toThrow(
    "it needs the scope devices.write",
  );
  await expect(bench.as(caller).apps.list()).rejects.toThrow("it needs the scope apps.read");
});

test("a key makes no keys, whatever it was made for", async () => {
  const caller = await verify((await make("*.write")).key);
  await expect(keys(caller).create({ name: "more", scopes: ["*.write"] })).rejects.toThrow(
    "sign in with your password",
  );
  await expect(keys(caller).list()).rejects.toThrow("sign in with your password");
});

test("a revoked key is refused from the next call on; revoking it again changes nothing", async () => {
  const { id, key } = await make("*.read");
  await verify(key);
  await keys(ann).revoke({ keyId: id });
  await keys(ann).revoke({ keyId: id });
  await expect(verify(key)).rejects.toThrow(refusal);
});

test("a key whose time is over is refused in the same words as one that was never given", async () => {
  const { id, key } = await keys(ann).create({ name: "short", scopes: ["*.read"], days: 1 });
  await verify(key);
  await bench.databases.core
    .query`update api_keys set expires_at = clock_timestamp() where id = ${id}`;
  await expect(verify(key)).rejects.toThrow(refusal);
  await expect(verify("cpk_never-given")).rejects.toThrow(refusal);
  expect((await keys(ann).list()).find((one) => one.id === id)).toMatchObject({ state: "expired" });
});

test("nobody sees or revokes another one's keys", async () => {
  const { id, key } = await make("*.read");
  const bob = await customerOf(bench, "bob");
  expect(await keys(bob).list()).toEqual([]);
  await expect(keys(bob).revoke({ keyId: id })).rejects.toThrow("You have no API key");
  await verify(key);
});

test("a key lies in the database as a hash alone", async () => {
  const { id, key } = await make("*.read");
  const rows = await bench.databases.core.query`select * from api_keys where id = ${id}`;
  expect(JSON.stringify(rows)).not.toContain(key);
});

test.each([{ scopes: [] }, { scopes: ["everything"] }, { scopes: ["*.read"], days: 0 }])(
  "a key for %j is not made",
  async (wish) => {
    await expect(keys(ann).create({ name: "x", ...wish })).rejects.toThrow();
  },
);
