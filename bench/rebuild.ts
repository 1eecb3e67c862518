import { createAnalytics } from "@cloudphone/hub/analytics/analytics";
import {
  createEventLog,
  type EventLog,
  type NewEvent,
} from "@cloudphone/hub/platform/log/event-log";
import { testDatabases, type TestDatabases } from "@cloudphone/hub/platform/postgres/testing";
import {
  beginRebuild,
  goOnRebuilding,
  isProjection,
  type Projection,
} from "@cloudphone/hub/platform/projections/rebuild";
import { runContext } from "@cloudphone/hub/platform/run-context";
import { systemSource } from "@cloudphone/hub/platform/source";
import { silent } from "@cloudphone/hub/platform/testing";
import { type EventDraft, newestVersion } from "@cloudphone/shared/events/catalog";
import { samplePhone as spec } from "@cloudphone/shared/events/sample-phone";
import { eventually } from "../e2e/api.ts";
import type { Benchmark } from "./report.ts";

const usualEvents = 200_000;
const chunkEvents = 5000;
const longMs = 3_600_000;
const currency = "CNY";

const ids = (count: number): string[] => Array.from({ length: count }, () => systemSource.id());
const pick = <T>(list: readonly T[], turn: number): T => list[turn % list.length] as T;

/** What is said over one purchase, from the click to the phone's return, with an install and two hours in minutes. */
function purchase(turn: number, cast: { users: string[]; plans: string[]; devices: string[] }) {
  const [orderId, runId, commandId] = ids(3) as [string, string, string];
  const [userId, planId, deviceId] = [
    pick(cast.users, turn),
    pick(cast.plans, turn),
    pick(cast.devices, turn),
  ];
  const order = { orderId, sagaId: orderId, userId };
  const money = { amountMinor: 990, currency };
  const lease = { leaseId: orderId, orderId, userId, token: 1 };
  const startedAt = new Date(Date.UTC(2026, 0, 1 + (turn % 300), turn % 24)).toISOString();
  const run = { deviceId, runId, lease, userId, startedAt };
  const of = (subject: string, type: string, data: object) =>
    ({ type, subject, data }) as EventDraft;
  const durationMs = 7_200_000 + turn;
  const app = { commandId, deviceId, packageName: "io.one" };
  const rated = { runId, deviceId, userId, startedAt, includedMs: 0, currency, durationMs };
  return [
    of(orderId, "order.created", { ...order, planId, ...money, spec, labels: {}, leaseMs: null }),
    of(orderId, "payment.hold.requested", { ...order, ...money }),
    of(orderId, "payment.held", { ...order, ...money }),
    of(orderId, "payment.capture.requested", order),
    of(orderId, "payment.captured", { ...order, ...money }),
    of(orderId, "order.paid", { ...order, deviceId, ...money }),
    of(deviceId, "device.state.changed", { deviceId, state: "starting", reason: null }),
    of(deviceId, "device.state.changed", { deviceId, state: "running", reason: null }),
    of(deviceId, "device.started", run),
    of(runId, "usage.opened", { runId, deviceId, lease }),
    of(deviceId, "app.install.requested", { ...app, appId: commandId, userId }),
    of(deviceId, "app.install.completed", { ...app, downloadMs: turn % 90, installMs: turn % 900 }),
    of(deviceId, "device.usage.confirmed", { ...run, durationMs: 3_600_000 }),
    of(deviceId, "device.usage.confirmed", { ...run, durationMs: 7_200_000 }),
    of(deviceId, "device.stopped", { ...run, durationMs, reason: "requested" }),
    of(runId, "usage.rated", { ...rated, orderId, planId, amountMinor: turn % 300 }),
    of(deviceId, "device.state.changed", { deviceId, state: "stopping", reason: null }),
    of(deviceId, "device.state.changed", { deviceId, state: "stopped", reason: null }),
    of(orderId, "order.ended", { ...order, reason: "The customer returned the phone." }),
    of(deviceId, "device.wiped", { deviceId, token: 1 }),
  ];
}

export async function fill(log: EventLog, wanted: number): Promise<void> {
  const cast = { users: ids(1000), plans: ids(10), devices: ids(500) };
  const stream = `context:${systemSource.id()}`;
  let chunk: NewEvent[] = [];
  let seq = 0;
  for (let turn = 0; seq < wanted; turn++) {
    for (const draft of purchase(turn, cast)) {
      const event = {
        ...{ id: systemSource.id(), version: newestVersion(draft.type), causationId: null },
        ...{ occurredAt: new Date().toISOString(), correlationId: systemSource.id(), ...draft },
      };
      chunk.push({ stream, seq: ++seq, event });
    }
    if (chunk.length < chunkEvents && seq < wanted) continue;
    await log.append(chunk);
    chunk = [];
  }
}

/** A sum over all rows of each table, whatever their order. */
export async function sums({ analytics }: TestDatabases, projections: readonly Projection[]) {
  const found: Record<string, unknown> = {};
  for (const table of projections.flatMap(({ tables }) => tables)) {
    const text = `select count(*) as n, sum(hashtextextended(t::text, 0)::numeric)::text as sum from ${table} t`;
    found[table] = (await analytics.query(Object.assign([text], { raw: [text] })))[0];
  }
  return JSON.stringify(found);
}

export const since = (begunMs: number): number => (performance.now() - begunMs) / 1000;

/** Seconds that it takes to build all of them anew. */
export async function rebuildAll(
  { databases, log }: { databases: TestDatabases; log: EventLog },
  projections: readonly Projection[],
): Promise<number> {
  const deps = { database: databases.analytics, log, source: systemSource };
  const begunMs = performance.now();
  for (const projection of projections) await beginRebuild(deps, projection, "bench");
  while (await goOnRebuilding(projections, deps));
  return since(begunMs);
}

/** How long the log's pages alone take, of the types that each projection folds. */
async function readAlone(log: EventLog, projections: readonly Projection[]): Promise<number> {
  const begunMs = performance.now();
  for (const { on } of projections)
    for (let after = 0, more = true; more; )
      ({ to: after, more } = await log.page({ after, limit: 2000, types: Object.keys(on) }));
  return since(begunMs);
}

/** All projections of a log of generated events: folded as they come, and built anew. `npm run bench rebuild 1000000` says of how many. */
export const rebuild: Benchmark = {
  name: "rebuild",
  async run(count = usualEvents) {
    await using databases = await testDatabases();
    const log = createEventLog(databases.events);
    const context = createAnalytics({ database: databases.analytics, source: systemSource });
    const projections = context.consumers.filter(isProjection);
    let begunMs = performance.now();
    await fill(log, count);
    const filled = since(begunMs);
    const head = await log.head();
    begunMs = performance.now();
    const running = runContext(context, { log, source: systemSource, logger: silent });
    const read = async () =>
      running.consumers.every(({ position }) => position >= head) ? true : null;
    await eventually(read, longMs, "the first fold");
    const folded = since(begunMs);
    await running.stop();
    const before = await sums(databases, projections);
    const rebuilt = await rebuildAll({ databases, log }, projections);
    if ((await sums(databases, projections)) !== before)
      throw new Error("the rebuilt projections are other than they were");
    const alone = await readAlone(log, projections);
    const once = (what: string, unit: string, value: number) => ({
      ...{ what, unit, rounds: [value], limit: null },
    });
    return {
      setting: `All ${projections.length} projections of analytics over a log of ${head} generated events (purchases with a run, an install and their money), on an embedded PostgreSQL without fsync. Once folded by their consumers, once built anew; the rows were the same.`,
      figures: [
        once("log filled", "s", filled),
        once("folded by the consumers, all at once", "s", folded),
        once("built anew, one after the other", "s", rebuilt),
        once("the same pages read, and nothing done", "s", alone),
        once("log read by the rebuild, for all of them", "events/s", head / rebuilt),
      ],
      bound:
        "PostgreSQL's side: reading alone is more than half of it (each projection goes through the whole log for its types), a few statements to 2,000 events the rest; the hub's process waits most of the time, one page after the other.",
    };
  },
};
