import { afterAll, beforeAll, expect, test } from "vitest";
import { systemSource } from "../../platform/source.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());

const password = "correct horse battery";
const another = "correct horse staple";
const over = "sign-in is over";

const login = (email: string, given = password) =>
  bench.as(null).accounts.login({ email, password: given });
const as = async (accessToken: string) => bench.as(await bench.core.authenticate(accessToken));

async function customer(): Promise<string> {
  const email = `ann-${systemSource.id()}@example.com`;
  const wish = { email, password, role: "customer", idempotencyKey: systemSource.id() };
  await bench.as(admin).accounts.create(wish);
  return email;
}

test("another password ends every other sign-in at once, and leaves this one", async () => {
  const email = await customer();
  const [here, there] = [await login(email), await login(email)];
  const api = await as(here.accessToken);
  await as(there.accessToken);
  await expect(
    api.accounts.changePassword({ current: "wrong", password: another }),
  ).rejects.toThrow("not your present password");
  expect(await api.accounts.changePassword({ current: password, password: another })).toEqual({
    endedSignIns: 1,
  });
  await expect(as(there.accessToken)).rejects.toThrow(over);
  await expect(
    bench.as(null).accounts.refresh({ refreshToken: there.refreshToken }),
  ).rejects.toThrow(over);
  expect(await (await as(here.accessToken)).accounts.me()).toMatchObject({ email });
  await expect(login(email)).rejects.toThrow("is wrong");
  await login(email, another);
});

test("a guess at the present password counts as one at the door", async () => {
  const email = await customer();
  const api = await as((await login(email)).accessToken);
  const guess = () => api.accounts.changePassword({ current: "wrong", password: another });
  for (let tries = 0; tries < 5; tries++) await expect(guess()).rejects.toThrow("not your present");
  await expect(guess()).rejects.toThrow("Too many wrong passwords");
  await expect(login(email)).rejects.toThrow("Too many wrong passwords");
});

test("of many guesses at once no more are looked at than one after the other", async () => {
  const email = await customer();
  const guesses = await Promise.allSettled(Array.from({ length: 12 }, () => login(email, "wrong")));
  const reasons = guesses.map((guess) => String(guess.status === "rejected" && guess.reason));
  expect(reasons.filter((reason) => reason.includes("is wrong"))).toHaveLength(5);
  expect(reasons.filter((reason) => reason.includes("Too many"))).toHaveLength(7);
});

test("a reset gives a password that is good for choosing another alone, and ends all sign-ins; keys where asked", async () => {
  const email = await customer();
  const before = await login(email);
  const api = await as(before.accessToken);
  const { key } = await api.apiKeys.create({ name: "CI", scopes: ["*.read"] });
  const operator = bench.as({ ...admin, role: "operator" });
  const reset = await operator.accounts.resetPassword({ account: email });
  expect(reset).toMatchObject({ email, endedSignIns: 1 });
  const told = await bench.heard("user.password.changed", reset.userId);
  expect(told.data).toEqual({ userId: reset.userId, byUserId: admin.userId, temporary: true });
  await expect(as(before.accessToken)).rejects.toThrow(over);
  await expect(login(email)).rejects.toThrow("is wrong");
  await bench.core.authenticate(key);
  await operator.accounts.resetPassword({ account: email, revokeKeys: true });
  await expect(bench.core.authenticate(key)).rejects.toThrow("was revoked");
  const { password: temporary } = await operator.accounts.resetPassword({ account: email });
  const session = await login(email, temporary);
  expect(session.user.passwordIsTemporary).toBe(true);
  const held = await as(session.accessToken);
  await expect(held.devices.list()).rejects.toThrow("choose one of your own first");
  await expect(held.apiKeys.create({ name: "x", scopes: ["*.read"] })).rejects.toThrow("reset");
  await held.accounts.changePassword({ current: temporary, password: another });
  expect(await (await as(session.accessToken)).devices.list()).toEqual([]);
});
