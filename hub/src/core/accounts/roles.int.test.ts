import { afterAll, beforeAll, expect, test } from "vitest";
import { allPermissions, type Permission } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());

const password = "correct horse battery";
let made = 0;

/** Somebody with an account of that role, signed in, as the hub sees them at each call. */
async function person(role: string) {
  const email = `${role}-${made++}@example.com`;
  const { userId } = await bench
    .as(admin)
    .accounts.create({ email, password, role, idempotencyKey: systemSource.id() });
  const { accessToken } = await bench.as(null).accounts.login({ email, password });
  const caller = (): Promise<Caller> => bench.core.authenticate(accessToken);
  return { userId, email, caller, api: async () => bench.as(await caller()) };
}

const save = (name: string, ...permissions: Permission[]) =>
  bench.as(admin).roles.save({ name, permissions });
const refusal = (code: string) => ({ cause: { code } });

test("a composed role may do what it was made of and nothing else, as it is at each call", async () => {
  await save("support", "accounts.read", "customers.all", "devices.read");
  const ann = await person("support");
  expect((await (await ann.api()).accounts.list()).length).toBeGreaterThan(0);
  expect(await (await ann.api()).devices.list()).toEqual([]);
  await expect((await ann.api()).hosts.list()).rejects.toThrow("hosts.read");
  await save("support", "hosts.read");
  expect(await (await ann.api()).hosts.list()).toEqual([]);
  await expect((await ann.api()).accounts.list()).rejects.toThrow("accounts.read");
});

test("another role holds from the next call on", async () => {
  const bob = await person("customer");
  await expect((await bob.api()).hosts.list()).rejects.toMatchObject(refusal("forbidden"));
  await bench.as(admin).accounts.setRole({ account: bob.email, role: "operator" });
  expect(await (await bob.api()).hosts.list()).toEqual([]);
  expect(await (await bob.api()).accounts.me()).toMatchObject({ role: "operator" });
  const { data } = await bench.heard("user.role.changed", bob.userId);
  expect(data).toEqual({ userId: bob.userId, role: "operator", byUserId: admin.userId });
});

test("nobody gives what they may not do themselves, nor touches who may do more, nor changes their own role", async () => {
  await save("manager", "accounts.read", "accounts.write", "accounts.support", "roles.write");
  const manager = await person("manager");
  const api = await manager.api();
  const { email: operator } = await person("operator");
  await save("helper", "accounts.read");
  const helper = await person("helper");
  const forbidden = [
    () => api.roles.save({ name: "mine", permissions: ["hosts.write"] }),
    () => api.roles.save({ name: "manager", permissions: ["accounts.read"] }),
    () => api.accounts.setRole({ account: helper.email, role: "admin" }),
    () => api.accounts.setRole({ account: operator, role: "helper" }),
    () => api.accounts.setRole({ account: manager.email, role: "helper" }),
    () => api.accounts.resetPassword({ account: operator }),
    () => api.signIns.endOthers({ account: operator }),
    () =>
      api.accounts.create({
        ...{
          email: "x@example.com",
          password,
          role: "operator",
          idempotencyKey: systemSource.id(),
        },
      }),
  ];
  for (const attempt of forbidden)
    await expect(attempt()).rejects.toMatchObject(refusal("forbidden"));
  await api.accounts.setRole({ account: helper.email, role: "manager" });
  expect(await api.signIns.list({ account: helper.email })).toHaveLength(1);
  expect(await api.signIns.endOthers({ account: helper.email })).toEqual({ ended: 1 });
  expect((await api.quotas.show({ account: helper.email })).userId).toBe(helper.userId);
});

test("what came with the platform stays as it is, and a role that somebody has is not removed", async () => {
  const { roles } = bench.as(admin);
  for (const name of ["customer", "operator", "admin"]) {
    await expect(save(name, "hosts.read")).rejects.toMatchObject(refusal("conflict"));
    await expect(roles.remove({ name })).rejects.toMatchObject(refusal("conflict"));
  }
  await save("night-shift", "hosts.read");
  const { email } = await person("night-shift");
  await expect(roles.remove({ name: "night-shift" })).rejects.toThrow("1 accounts have the role");
  await bench.as(admin).accounts.setRole({ account: email, role: "customer" });
  await roles.remove({ name: "night-shift" });
  await expect(roles.remove({ name: "night-shift" })).rejects.toMatchObject(refusal("not_found"));
  await expect(
    bench.as(admin).accounts.setRole({ account: email, role: "night-shift" }),
  ).rejects.toMatchObject(refusal("not_found"));
});

test("the list tells every role, what it may do and how many have it", async () => {
  const list = await bench.as(admin).roles.list();
  expect(list.slice(0, 3).map(({ name, builtIn }) => [name, builtIn])).toEqual([
    ["customer", true],
    ["operator", true],
    ["admin", true],
  ]);
  expect(list.find(({ name }) => name === "admin")?.permissions).toEqual(allPermissions);
  expect(await bench.as(admin).roles.permissions()).toHaveLength(allPermissions.length);
});
