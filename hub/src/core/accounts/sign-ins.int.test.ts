import { afterAll, beforeAll, expect, test } from "vitest";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { leaseTo } from "../testing-customers.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
beforeAll(async () => {
  bench = await startCore();
  await bench.host(8);
});
afterAll(async () => {
  await bench.core.stop();
  await bench[Symbol.asyncDispose]();
});

const password = "correct horse battery";
const over = "sign-in is over";
const authenticate = (token: string) => bench.core.authenticate(token);
const as = async (accessToken: string) => bench.as(await authenticate(accessToken));

/** A customer who is signed in so many times. */
async function signedIn(times: number) {
  const email = `ann-${systemSource.id()}@example.com`;
  const wish = { email, password, role: "customer", idempotencyKey: systemSource.id() };
  await bench.as(admin).accounts.create(wish);
  const sessions = [];
  for (let n = 0; n < times; n++)
    sessions.push(await bench.as(null).accounts.login({ email, password }));
  return { email, tokens: sessions.map(({ accessToken }) => accessToken) };
}

test("the list tells where somebody is signed in, and which of them asks", async () => {
  const { tokens } = await signedIn(2);
  const list = await (await as(tokens[1] ?? "")).signIns.list();
  expect(list).toMatchObject([
    { address: "127.0.0.1", current: true },
    { address: "127.0.0.1", current: false },
  ]);
});

test("a sign-in that is ended from elsewhere is over at once, and not in the list any more", async () => {
  const { tokens } = await signedIn(2);
  const [here = "", there = ""] = tokens;
  await authenticate(there);
  const api = await as(here);
  const other = (await api.signIns.list()).find(({ current }) => !current);
  const signInId = other?.signInId ?? "";
  await api.signIns.end({ signInId });
  await expect(authenticate(there)).rejects.toThrow(over);
  expect(await api.signIns.list()).toHaveLength(1);
  await expect(api.signIns.end({ signInId })).rejects.toThrow("or it is over");
  await authenticate(here);
});

test("nobody sees or ends another's sign-ins without being allowed to", async () => {
  const [ann, ben] = [await signedIn(1), await signedIn(1)];
  const [his] = await (await as(ben.tokens[0] ?? "")).signIns.list();
  const api = await as(ann.tokens[0] ?? "");
  await expect(api.signIns.end({ signInId: his?.signInId ?? "" })).rejects.toThrow(
    "no such sign-in",
  );
  await expect(api.signIns.list({ account: ben.email })).rejects.toThrow("accounts.read");
  await expect(api.signIns.endOthers({ account: ben.email })).rejects.toThrow("accounts.support");
  await authenticate(ben.tokens[0] ?? "");
  const operator = bench.as({ ...admin, role: "operator" });
  expect(await operator.signIns.list({ account: ben.email })).toHaveLength(1);
  expect(await operator.signIns.endOthers({ account: ben.email })).toEqual({ ended: 1 });
  await expect(authenticate(ben.tokens[0] ?? "")).rejects.toThrow(over);
});

test("what was opened under a sign-in or a key ends with it: nobody gets in by its ticket, and it is closed", async () => {
  const { tokens } = await signedIn(2);
  const [here = "", there = ""] = tokens;
  const caller = await authenticate(there);
  const device = await leaseTo(bench, caller);
  const { id, key } = await (await as(here)).apiKeys.create({ name: "CI", scopes: ["*.write"] });
  const open = (who: Awaited<ReturnType<typeof as>>) =>
    who.sessions.open({ device, purpose: "adb", idempotencyKey: systemSource.id() });
  const opened = [await open(await as(there)), await open(bench.as(await authenticate(key)))];
  const kept = await open(await as(here));
  const admit = (ticket: string) => bench.core.sockets[0]?.admit([ticket]);
  for (const { ticket } of [...opened, kept])
    await expect(admit(ticket)).resolves.toBeTypeOf("function");
  await (await as(here)).signIns.endOthers();
  await (await as(here)).apiKeys.revoke({ keyId: id });
  for (const { ticket } of opened) await expect(admit(ticket)).rejects.toThrow();
  await expect(admit(kept.ticket)).resolves.toBeTypeOf("function");
  const list = await until("their end", async () => {
    const all = await (await as(here)).sessions.list();
    return all.filter(({ closedAt }) => closedAt !== null).length === 2 && all;
  });
  const ended = list.filter(({ closedAt }) => closedAt !== null);
  expect(ended.map(({ sessionId }) => sessionId).sort()).toEqual(
    opened.map(({ sessionId }) => sessionId).sort(),
  );
  for (const { text } of ended) expect(text).toContain("is over");
});

test("whoever was let in before and may not go on as they were is told apart from who may", async () => {
  const { email, tokens } = await signedIn(2);
  const [here = "", there = ""] = tokens;
  const callers = [await authenticate(here), await authenticate(there)];
  expect(await bench.core.outdated(callers)).toEqual([]);
  await (await as(here)).signIns.endOthers();
  expect(await bench.core.outdated(callers)).toEqual([callers[1]]);
  await bench.as(admin).accounts.setRole({ account: email, role: "operator" });
  expect(await bench.core.outdated(callers)).toEqual(callers);
});
