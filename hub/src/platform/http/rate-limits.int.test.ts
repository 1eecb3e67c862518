import { once } from "node:events";
import { Fault } from "@cloudphone/shared/fault";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { silent } from "../testing.ts";
import { RateLimiter, rateLimitCleaning } from "./rate-limits.ts";
import { startHttp } from "./server.ts";
import { anyone, router } from "./trpc.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

const hour = 3600;
const day = 86_400;
const ten = [{ calls: 10, seconds: day }];
const someone = (): string => `user:${systemSource.id()}`;
const hub = (windows = ten, monoMs?: () => number) =>
  new RateLimiter(databases.core, windows, monoMs);

/** How many of so many calls at once were let through. */
async function allowed(limiter: RateLimiter, caller: string, calls: number): Promise<number> {
  const standings = await Promise.all(
    Array.from({ length: calls }, () => limiter.count(caller, 1)),
  );
  return standings.filter((standing) => standing.allowed).length;
}

/** As if the caller's window of that length had ended. */
const endWindow = (caller: string, seconds: number) => databases.core.query`
  update rate_limits set window_start = window_start - 1 where caller = ${caller} and seconds = ${seconds}`;

test("two hubs count one caller's calls together, and each caller's for itself", async () => {
  const [ann, bob, here, there] = [someone(), someone(), hub(), hub()];
  const passed = await Promise.all([allowed(here, ann, 30), allowed(there, ann, 30)]);
  expect(passed[0] + passed[1]).toBe(10);
  expect(await allowed(there, bob, 3)).toBe(3);
});

test("all windows hold at once", async () => {
  const ann = someone();
  const windows = [
    { calls: 5, seconds: hour },
    { calls: 8, seconds: day },
  ];
  expect(await allowed(hub(windows), ann, 9)).toBe(5);
  await endWindow(ann, hour);
  expect(await allowed(hub(windows), ann, 9)).toBe(3);
});

test("a batch counts each of its calls; one that is too big is refused whole and uses nothing up", async () => {
  const [ann, limiter] = [someone(), hub()];
  expect(await limiter.count(ann, 8)).toMatchObject({ allowed: true, windows: [{ remaining: 2 }] });
  expect(await limiter.count(ann, 3)).toMatchObject({ allowed: false });
  expect(await allowed(limiter, ann, 3)).toBe(2);
});

test("whoever has used a window up is refused from memory, and let in again when it ends", async () => {
  const ann = someone();
  let nowMs = 0;
  const limiter = hub(ten, () => nowMs);
  expect(await allowed(limiter, ann, 11)).toBe(10);
  await databases.core.query`delete from rate_limits where caller = ${ann}`;
  nowMs += 1000;
  expect(await allowed(limiter, ann, 1)).toBe(0);
  nowMs += day * 1000;
  expect(await allowed(limiter, ann, 1)).toBe(1);
});

test("windows that ended are taken away, the others stay", async () => {
  const [ann, bob] = [someone(), someone()];
  await hub().count(ann, 1);
  await hub().count(bob, 1);
  await endWindow(ann, day);
  await rateLimitCleaning(databases.core).run();
  const rows = await databases.core.query<{ caller: string }>`
    select caller from rate_limits where caller = any(${[ann, bob]})`;
  expect(rows.map(({ caller }) => caller)).toEqual([bob]);
});

test("over HTTP each call of a batch counts, headers tell where one stands, and 429 says when to come back", async () => {
  await using server = await serve();
  const batch = (calls: number) => {
    const input = encodeURIComponent(
      JSON.stringify(Object.fromEntries(Array.from({ length: calls }, (_, n) => [n, {}]))),
    );
    const path = Array.from({ length: calls }, () => "hello").join(",");
    return fetch(`${server.url}/trpc/${path}?batch=1&input=${input}`);
  };
  const first = await batch(7);
  expect(first.status).toBe(200);
  expect(first.headers.get("ratelimit-policy")).toBe('"86400s";q=10;w=86400');
  expect(first.headers.get("ratelimit")).toMatch(/^"86400s";r=3;t=\d+$/);
  expect(first.headers.has("retry-after")).toBe(false);
  const refused = await batch(4);
  expect(refused.status).toBe(429);
  expect((await batch(3)).status).toBe(200);
  const second = await batch(1);
  expect(second.status).toBe(429);
  expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await second.json()).toMatchObject([
    {
      error: {
        message: expect.stringContaining("at most 10 in 86400 s. Try again in"),
        data: { fault: "rate_limited" },
      },
    },
  ]);
});

test("calls over one WebSocket count as well", async () => {
  await using server = await serve();
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/trpc`);
  await once(socket, "open");
  const answers: { id: number; error?: { data: { fault: string } } }[] = [];
  const done = new Promise<void>((resolve) => {
    socket.on("message", (data: Buffer) => {
      answers.push(JSON.parse(data.toString()));
      if (answers.length === 12) resolve();
    });
  });
  for (let id = 1; id <= 12; id++)
    socket.send(JSON.stringify({ id, method: "query", params: { path: "hello" } }));
  await done;
  socket.terminate();
  const refused = answers.filter(({ error }) => error?.data.fault === "rate_limited");
  expect(refused).toHaveLength(2);
});

test("a wrong token is refused as such, counts under the address, and does not get through the limit", async () => {
  await using server = await serve();
  const call = () =>
    fetch(`${server.url}/trpc/hello`, { headers: { authorization: "Bearer wrong" } });
  const statuses: number[] = [];
  for (let n = 0; n < 12; n++) statuses.push((await call()).status);
  expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
});

/** A server with ten calls a day, for the test's own address alone. */
async function serve() {
  await databases.core.query`delete from rate_limits where caller like 'address:%'`;
  const server = await startHttp({
    host: "127.0.0.1",
    port: 0,
    routes: [],
    limiter: hub(),
    source: systemSource,
    logger: silent,
    authenticate: () => Promise.reject(new Fault("unauthenticated", "This token is not good.")),
    router: router({ hello: anyone.query(() => "hello") }),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
