import { afterAll, beforeAll, expect, test } from "vitest";
import { systemSource } from "../../platform/source.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
beforeAll(async () => {
  bench = await startCore();
});
afterAll(() => bench[Symbol.asyncDispose]());

const password = "correct horse battery";

/** A customer with an account, not signed in. */
async function ann(): Promise<string> {
  const email = `ann-${systemSource.id()}@example.com`;
  await bench.as(admin).accounts.create({
    email,
    password,
    role: "customer",
    idempotencyKey: systemSource.id(),
  });
  return email;
}

const api = () => bench.as(null).accounts;
const signIn = async () => api().login({ email: await ann(), password });
const over = "This sign-in is over; sign in again.";

test("the right password signs in, in whatever case the address is written; another one does not", async () => {
  const email = await ann();
  expect(await api().login({ email: email.toUpperCase(), password })).toMatchObject({
    user: { email, role: "customer" },
  });
  await expect(api().login({ email, password: `${password}x` })).rejects.toThrow("is wrong");
});

test("accounts come newest first, in pages, and are found by a part of their address or by id", async () => {
  const emails = [await ann(), await ann(), await ann()].toReversed();
  const list = (input: object) => bench.as(admin).accounts.list({ limit: 100, ...input });
  const first = await list({ limit: 2 });
  const second = await list({ limit: 1, before: first.at(-1)?.userId });
  expect([...first, ...second].map(({ email }) => email)).toEqual(emails);
  const [newest] = first;
  for (const search of [emails[0]?.slice(3, 30).toUpperCase(), newest?.userId])
    expect(await list({ search }), search).toEqual([newest]);
  expect(await list({ ids: [newest?.userId] })).toEqual([newest]);
  for (const search of ["%", "ann_", "nobody@"]) expect(await list({ search }), search).toEqual([]);
});

test("whoever has no account is refused in the same words as whoever has a wrong password", async () => {
  const wrong = await api()
    .login({ email: await ann(), password: "wrong" })
    .catch((error: Error) => error.message);
  const unknown = await api()
    .login({ email: "nobody@example.com", password: "wrong" })
    .catch((error: Error) => error.message);
  expect(unknown).toBe(wrong);
});

test("after five wrong passwords the right one must wait", async () => {
  const email = await ann();
  for (let tries = 0; tries < 5; tries++)
    await expect(api().login({ email, password: "wrong" })).rejects.toThrow("is wrong");
  await expect(api().login({ email, password })).rejects.toThrow("Too many wrong passwords");
  await bench.databases.core
    .query`update users set locked_until = clock_timestamp() where email = ${email}`;
  expect(await api().login({ email, password })).toHaveProperty("accessToken");
  await expect(api().login({ email, password: "wrong" })).rejects.toThrow("is wrong");
});

test("a refresh token is good once, and for another one", async () => {
  const first = await signIn();
  const second = await api().refresh({ refreshToken: first.refreshToken });
  expect(second.refreshToken).not.toBe(first.refreshToken);
  expect(second.user).toEqual(first.user);
  const third = await api().refresh({ refreshToken: second.refreshToken });
  expect(third.refreshToken).not.toBe(second.refreshToken);
});

test("a refresh token that comes a second time was stolen: the whole sign-in ends", async () => {
  const { refreshToken: stolen } = await signIn();
  const { refreshToken: thiefs } = await api().refresh({ refreshToken: stolen });
  await expect(api().refresh({ refreshToken: stolen })).rejects.toThrow(over);
  await expect(api().refresh({ refreshToken: thiefs })).rejects.toThrow(over);
});

test("of two uses of one refresh token at once, one gets through at the most", async () => {
  const { refreshToken } = await signIn();
  const uses = await Promise.allSettled([1, 2, 3].map(() => api().refresh({ refreshToken })));
  expect(uses.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("signing out ends the sign-in and no other of the same person", async () => {
  const email = await ann();
  const [here, there] = [
    await api().login({ email, password }),
    await api().login({ email, password }),
  ];
  await api().logout({ refreshToken: here.refreshToken });
  await expect(api().refresh({ refreshToken: here.refreshToken })).rejects.toThrow(over);
  expect(await api().refresh({ refreshToken: there.refreshToken })).toHaveProperty("accessToken");
});

test("a refresh token ends by the database's clock, and one that was never given is refused alike", async () => {
  const { refreshToken, user } = await signIn();
  await bench.databases.core
    .query`update refresh_tokens set expires_at = clock_timestamp() where user_id = ${user.userId}`;
  await expect(api().refresh({ refreshToken })).rejects.toThrow(over);
  await expect(api().refresh({ refreshToken: "cp_nothing" })).rejects.toThrow(over);
});

test("neither passwords nor tokens lie readable in the database", async () => {
  const { refreshToken, user } = await signIn();
  const rows = await bench.databases.core.query`
    select u.password_hash, t.hash from users u join refresh_tokens t on t.user_id = u.id where u.id = ${user.userId}`;
  const text = JSON.stringify(rows);
  expect(text).toContain("argon2id$");
  expect(text).not.toContain(password);
  expect(text).not.toContain(refreshToken);
});

test("an account is made once for a key, and its address once for all", async () => {
  const email = `bob-${systemSource.id()}@example.com`;
  const wish = { email, password, role: "customer" as const, idempotencyKey: systemSource.id() };
  const first = await bench.as(admin).accounts.create(wish);
  expect(await bench.as(admin).accounts.create(wish)).toEqual(first);
  await expect(
    bench.as(admin).accounts.create({ ...wish, idempotencyKey: systemSource.id() }),
  ).rejects.toThrow("already an account");
});
