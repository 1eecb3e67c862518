import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { coreFigures } from "./core/figures.ts";
import { startHttp } from "./platform/http/server.ts";
import { anyone, needs, router } from "./platform/http/trpc.ts";
import { createEventLog } from "./platform/log/event-log.ts";
import { createMetrics } from "./platform/observe/metrics.ts";
import { observeRoutes } from "./platform/observe/routes.ts";
import type { Database } from "./platform/postgres/database.ts";
import { type TestDatabases, testDatabases } from "./platform/postgres/testing.ts";
import { systemSource } from "./platform/source.ts";
import { envelopeOf, registered, silent } from "./platform/testing.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

const away: Database = {
  name: "away",
  query: Object.assign(() => Promise.reject(new Error("away")), { json: () => null }),
  transaction: () => Promise.reject(new Error("away")),
};

interface Broken {
  readonly core?: Database;
  readonly brokerDown?: boolean;
  readonly silentMs?: number;
  readonly metricsToken?: string;
}

async function startServer({ core = databases.core, ...broken }: Broken = {}) {
  const log = createEventLog(databases.events);
  const consumers = () => [
    { name: "core.hosts", position: 0, ratePerSecond: 0, silentMs: broken.silentMs ?? 5 },
  ];
  const contexts = [{ name: "core" as const, database: core, figures: coreFigures(core) }];
  const metrics = createMetrics({ log, contexts, consumers, logger: silent });
  const http = await startHttp({
    host: "127.0.0.1",
    port: 0,
    sockets: [],
    routes: observeRoutes({
      databases: [databases.events, core],
      brokerUp: () => !broken.brokerDown,
      consumers,
      metrics,
      metricsToken: broken.metricsToken ?? null,
    }),
    source: systemSource,
    limiter: null,
    logger: silent,
    observe: metrics.observe,
    authenticate: () => Promise.reject(new Error("no")),
    router: router({
      hello: anyone.query(() => "hello"),
      secret: needs("hosts.read").query(() => "secret"),
    }),
  });
  return {
    log,
    get: (at: string, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${http.port}${at}`, { headers }),
    [Symbol.asyncDispose]: () => http.stop(),
  };
}

test("a hub whose databases, broker and consumers are well is ready", async () => {
  await using server = await startServer();
  const answer = await server.get("/readyz");
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ ready: true });
});

test.each([
  ["a database that is away", { core: away }, "does not answer"],
  ["a broker that is down", { brokerDown: true }, "does not listen"],
  ["a consumer that can't go on", { silentMs: 31_000 }, "can't go on: core.hosts"],
])("%s makes a hub not ready, and it says what", async (_what, broken, says) => {
  await using server = await startServer(broken);
  const answer = await server.get("/readyz");
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain(says);
});

test("metrics count calls by procedure and outcome, and tell the log, its consumers and the sagas", async () => {
  await using server = await startServer();
  const event = envelopeOf(registered("a"));
  const head = await server.log.append([{ stream: "context:metrics", seq: 1, event }]);
  await databases.core.query`insert into sagas (id, name, status, phase, state, correlation_id)
    values (${systemSource.id()}, 'greet', 'needs_operator', 'stuck', '{}', ${systemSource.id()})`;
  await databases.core.query`insert into parked_events (consumer, position, subject, type, state)
    values ('core.hosts', 1, 'x', 'user.registered', 'dead')`;
  await server.get("/trpc/hello");
  await server.get("/trpc/secret");
  await server.get("/trpc/no-such-procedure");
  const text = await (await server.get("/metrics")).text();
  for (const line of [
    'cloudphone_request_seconds_count{procedure="hello",outcome="ok"} 1',
    'cloudphone_request_seconds_count{procedure="secret",outcome="unauthenticated"} 1',
    `cloudphone_log_events ${head}`,
    `cloudphone_consumer_lag_events{consumer="core.hosts"} ${head}`,
    'cloudphone_parked_events{consumer="core.hosts",state="dead"} 1',
    'cloudphone_sagas{saga="greet",status="needs_operator"} 1',
    "cloudphone_relay_sessions 0",
    "cloudphone_metrics_failures_total 0",
  ])
    expect(text.split("\n")).toContain(line);
  expect(text).not.toContain("no-such-procedure");
});

test("a figure that can't be read is left out and counted, and the others are told", async () => {
  await using server = await startServer({ core: away });
  const answer = await server.get("/metrics");
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text).toMatch(/^cloudphone_log_events \d+$/m);
  expect(text).toMatch(/^cloudphone_metrics_failures_total [1-9]/m);
  expect(text).not.toMatch(/^cloudphone_hosts\{/m);
});

test("metrics are for this machine alone, or for whoever has the token; a proxy's callers are strangers", async () => {
  await using local = await startServer();
  expect((await local.get("/metrics")).status).toBe(200);
  const proxied = await local.get("/metrics", { "x-forwarded-for": "203.0.113.9" });
  expect(proxied.status).toBe(403);
  expect(await proxied.text()).toContain("CLOUDPHONE_METRICS_TOKEN");
  const metricsToken = "a-token-of-some-length";
  await using far = await startServer({ metricsToken });
  const status = async (headers: Record<string, string>) =>
    (await far.get("/metrics", headers)).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: "Bearer a-token-of-some-lengtH" })).toBe(401);
  const authorization = `Bearer ${metricsToken}`;
  expect(await status({ authorization, "x-forwarded-for": "203.0.113.9" })).toBe(200);
});

test("the dashboard asks for nothing that the hub does not tell", async () => {
  await using server = await startServer();
  const told = await (await server.get("/metrics")).text();
  const dashboard = path.resolve(import.meta.dirname, "../../deploy/grafana/dashboards/cell.json");
  const asked = readFileSync(dashboard, "utf8").match(/\b(cloudphone|process|nodejs)_\w+/g) ?? [];
  expect(asked.length).toBeGreaterThan(8);
  for (const name of asked)
    expect(told).toContain(`# HELP ${name.replace(/_(count|bucket|sum)$/, "")} `);
});
