import { systemSource } from "../platform/source.ts";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { hostStream, type RecordedEnvelope } from "@cloudphone/shared/envelope";
import {
  type EventDraft,
  readEventData,
  type RecordedEvent,
} from "@cloudphone/shared/events/catalog";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayOf } from "./days.ts";
import { createShadows, useShadows } from "../platform/projections/shadow.ts";
import { projections } from "./projections.ts";
import { source, startAnalytics } from "./testing.ts";

type Bench = Awaited<ReturnType<typeof startAnalytics>>;

let bench: Bench;
let events: RecordedEnvelope[];
const staff = () => bench.as(source.id(), "operator");

/** The same story each time: a linear congruence, so that a failure can be had again. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
}

const ids = (count: number): string[] => Array.from({ length: count }, () => source.id());
const [users, plans, devices, hosts] = [ids(5), ids(3), ids(6), ids(2)];
const currency = "CNY";
const dayMs = 86_400_000;

/** Orders that end in every way, runs that are told in pieces, twice and too short, over midnights and under no lease, installs and batches. */
function story(seed: number): { stream: string; draft: EventDraft }[] {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const told: { stream: string; draft: EventDraft }[] = [];
  const say = (draft: EventDraft, stream = "context:billing") => void told.push({ stream, draft });
  for (const hostId of hosts)
    say(
      {
        type: "host.started",
        subject: hostId,
        data: {
          hostId,
          epoch: hostId,
          bootId: "b",
          agentVersion: "0",
          providers: [
            { kind: "simulated", available: true, reason: null, capacity: 4, labels: {} },
          ],
        },
      },
      hostStream(hostId, hostId),
    );
  for (let count = 0; count < 40; count++) {
    const [orderId, userId, planId] = [source.id(), pick(users), pick(plans)];
    const order = { orderId, sagaId: orderId, userId };
    const money = { amountMinor: roll(3) * 500, currency };
    const spec = samplePhone;
    say({
      type: "order.created",
      subject: orderId,
      data: { ...order, planId, ...money, spec, labels: {}, leaseMs: null },
    });
    const end = roll(6);
    if (end === 0) {
      say({ type: "order.cancelled", subject: orderId, data: { ...order, reason: "none" } });
      continue;
    }
    if (end === 1)
      say({
        type: "saga.stalled",
        subject: orderId,
        data: { sagaId: orderId, saga: "buy-plan", note: "no answer" },
      });
    if (end <= 2 && roll(2)) continue;
    const deviceId = pick(devices);
    say({ type: "order.paid", subject: orderId, data: { ...order, deviceId, ...money } });
    if (roll(2))
      say({
        type: "order.renewed",
        subject: orderId,
        data: { ...order, period: 2, leaseMs: 1000, ...money },
      });
    if (roll(2))
      say({
        type: "payment.refunded",
        subject: orderId,
        data: {
          ...order,
          refundId: source.id(),
          amountMinor: 1 + roll(400),
          currency,
          reason: "slow",
        },
      });
    const hostId = pick(hosts);
    const startedAt = new Date(Date.parse("2026-11-20T00:00:00Z") + roll(3 * dayMs)).toISOString();
    const runId = source.id();
    const lease = roll(4) ? { leaseId: orderId, orderId, userId, token: 1 } : null;
    const run = { deviceId, runId, lease, userId: lease ? userId : null, startedAt };
    const durationMs = roll(2 * dayMs);
    const stream = hostStream(hostId, hostId);
    for (const share of [0.3, 0.3, 0.1, 0.7])
      say(
        {
          type: "device.usage.confirmed",
          subject: deviceId,
          data: { ...run, durationMs: Math.floor(durationMs * share) },
        },
        stream,
      );
    if (roll(3))
      say(
        {
          type: "device.stopped",
          subject: deviceId,
          data: { ...run, durationMs, reason: "requested" },
        },
        stream,
      );
    const rated = {
      runId,
      deviceId,
      orderId,
      planId,
      userId,
      startedAt,
      durationMs,
      includedMs: 0,
      currency,
    };
    if (lease)
      say({ type: "usage.rated", subject: runId, data: { ...rated, amountMinor: roll(300) } });
    const commandId = source.id();
    const app = { commandId, deviceId, packageName: pick(["io.one", "io.two"]) };
    say({
      type: "app.install.requested",
      subject: deviceId,
      data: { ...app, appId: commandId, userId },
    });
    const outcome = roll(4);
    if (outcome > 1)
      say(
        {
          type: "app.install.completed",
          subject: deviceId,
          data: { ...app, downloadMs: roll(100), installMs: roll(900) },
        },
        stream,
      );
    if (outcome === 1)
      say(
        {
          type: "app.install.failed",
          subject: deviceId,
          data: {
            commandId,
            deviceId,
            code: pick(["install_failed", "timed_out"]),
            reason: "full",
          },
        },
        stream,
      );
    const batchId = source.id();
    say({
      type: "app.batch.requested",
      subject: batchId,
      data: { batchId, userId, appId: commandId, packageName: "io.one", parallel: 1, items: [] },
    });
    if (roll(2))
      say({
        type: "app.batch.completed",
        subject: batchId,
        data: { batchId, userId, packageName: "io.one", installed: 1, failed: 0, cancelled: 0 },
      });
  }
  return told;
}

beforeAll(async () => {
  bench = await startAnalytics();
  for (const { stream, draft } of story(7)) await bench.sayAs(stream, draft);
  await bench.settled();
  expect(await bench.parked(), "events that could not be folded").toEqual([]);
  events = await bench.log.read({ after: 0, limit: 10_000 });
});
afterAll(() => bench[Symbol.asyncDispose]());

// The folds below share nothing with the projections but the log.

type Data = Record<string, never> & Record<string, unknown>;
const of = (...types: string[]) =>
  events
    .filter(({ type }) => types.includes(type))
    .map((event) => ({ ...event, data: event.data as Data }));

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

function grouped<T>(list: readonly T[], key: (one: T) => string): [string, T[]][] {
  return [...Map.groupBy(list, key)].toSorted(([a], [b]) => a.localeCompare(b));
}

const byKey = <T extends { key: string }>(lines: readonly T[]): T[] =>
  lines.toSorted((a, b) => a.key.localeCompare(b.key));

test.each(["day", "plan", "customer"] as const)(
  "revenue by %s is a fold of the log",
  async (by) => {
    const planOf = new Map(of("order.created").map(({ data }) => [data.orderId, data.planId]));
    const columns = {
      "order.paid": "price",
      "order.renewed": "renewal",
      "usage.rated": "usage",
      "payment.refunded": "refund",
    };
    const moved = of(...Object.keys(columns)).filter(({ data }) => data.amountMinor !== 0);
    const keyOf = {
      day: (e: (typeof moved)[0]) => dayOf(e.recordedAt),
      plan: (e: (typeof moved)[0]) => String(e.data.planId ?? planOf.get(e.data.orderId)),
      customer: (e: (typeof moved)[0]) => String(e.data.userId),
    };
    const folded = grouped(moved, keyOf[by]).map(([key, list]) => {
      const of_ = (type: string) =>
        sum(list.filter((e) => e.type === type).map((e) => Number(e.data.amountMinor)));
      const [priceMinor, renewalMinor, usageMinor, refundMinor] = Object.keys(columns).map(of_) as [
        number,
        number,
        number,
        number,
      ];
      return {
        key,
        currency,
        priceMinor,
        renewalMinor,
        usageMinor,
        refundMinor,
        netMinor: priceMinor + renewalMinor + usageMinor - refundMinor,
      };
    });
    expect(folded.length).toBeGreaterThan(0);
    expect(byKey(await staff().revenue({ by }))).toEqual(folded);
  },
);

test.each(["plan", "customer"] as const)("usage by %s is a fold of the log", async (by) => {
  const name = by === "plan" ? "planId" : "userId";
  const folded = grouped(of("usage.rated"), ({ data }) => String(data[name])).map(
    ([key, list]) => ({
      ...{ key, currency, includedMs: 0 },
      durationMs: sum(list.map(({ data }) => Number(data.durationMs))),
      amountMinor: sum(list.map(({ data }) => Number(data.amountMinor))),
    }),
  );
  expect(byKey(await staff().usage({ by }))).toEqual(folded);
});

/** Every millisecond bucketed by hand: the longest that was said of each run, minute by minute. */
function ran() {
  const runs = grouped(of("device.usage.confirmed", "device.stopped"), ({ data }) =>
    String(data.runId),
  );
  return runs.flatMap(([, list]) => {
    const first = list[0];
    const longest = Math.max(...list.map(({ data }) => Number(data.durationMs)));
    const { deviceId, startedAt, lease } = first?.data ?? {};
    const pieces: { day: string; device: string; host: string; ms: number; rented: boolean }[] = [];
    const begin = Date.parse(String(startedAt));
    for (let at = begin; at < begin + longest; ) {
      const midnight = Date.parse(`${dayOf(new Date(at).toISOString())}T00:00:00Z`) + dayMs;
      const ms = Math.min(midnight, begin + longest) - at;
      pieces.push({
        day: dayOf(new Date(at).toISOString()),
        device: String(deviceId),
        host: first?.stream.split(":")[1] ?? "",
        ms,
        rented: lease !== null,
      });
      at += ms;
    }
    return pieces;
  });
}

test.each(["day", "device", "host"] as const)(
  "utilisation by %s is a fold of the log",
  async (by) => {
    const folded = grouped(ran(), (piece) => piece[by]).map(([key, list]) => {
      const days = new Set(list.map(({ day }) => day)).size;
      const phones = new Set(list.map(({ device }) => device)).size;
      const capacity = by === "host" ? 4 : null;
      const rentedMs = sum(list.filter(({ rented }) => rented).map(({ ms }) => ms));
      const share = rentedMs / (dayMs * days * Math.max(capacity ?? 0, phones));
      return {
        key,
        runningMs: sum(list.map(({ ms }) => ms)),
        rentedMs,
        days,
        devices: phones,
        capacity,
        share,
      };
    });
    const told = byKey(await staff().utilisation({ by }));
    const withoutShare = (line: object) => ({ ...line, share: null });
    expect(told.map(withoutShare)).toEqual(folded.map(withoutShare));
    for (const [place, { share }] of told.entries())
      expect(share).toBeCloseTo(folded[place]?.share ?? -1, 9);
  },
);

/** The smallest value that so large a share of them does not exceed. */
const percentile = (values: readonly number[], share: number): number | null =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? null;

test.each(["day", "app"] as const)("installs by %s are a fold of the log", async (by) => {
  const ends = new Map(
    of("app.install.completed", "app.install.failed").map((event) => [event.data.commandId, event]),
  );
  const asked = of("app.install.requested").map((event) => ({
    event,
    end: ends.get(event.data.commandId),
  }));
  const folded = grouped(asked, ({ event }) =>
    by === "day" ? dayOf(event.recordedAt) : String(event.data.packageName),
  ).map(([key, list]) => {
    const done = list.filter(({ end }) => end?.type === "app.install.completed");
    const failed = list.filter(({ end }) => end?.type === "app.install.failed");
    const took = done.map(
      ({ event, end }) => Date.parse(end?.recordedAt ?? "") - Date.parse(event.recordedAt),
    );
    const ofDone = (name: string) =>
      percentile(
        done.map(({ end }) => Number(end?.data[name])),
        0.5,
      );
    return {
      ...{ key, asked: list.length, installed: done.length, failed: failed.length },
      successShare: done.length / (done.length + failed.length),
      ...{ p50Ms: percentile(took, 0.5), p95Ms: percentile(took, 0.95) },
      ...{ downloadP50Ms: ofDone("downloadMs"), installP50Ms: ofDone("installMs") },
      failures: Object.fromEntries(
        grouped(failed, ({ end }) => String(end?.data.code)).map(([code, some]) => [
          code,
          some.length,
        ]),
      ),
    };
  });
  expect(byKey(await staff().installs({ by }))).toEqual(folded);
});

test("saga outcomes are a fold of the log", async () => {
  const outcomeOf: Record<string, string> = {
    "order.paid": "completed",
    "order.cancelled": "compensated",
    "app.batch.completed": "completed",
    "saga.stalled": "stalled",
  };
  const ends = new Map(
    of(...Object.keys(outcomeOf)).map((event) => [
      String(event.data.sagaId ?? event.data.batchId),
      event,
    ]),
  );
  const begun = of("order.created", "app.batch.requested").map((event) => ({
    saga: event.type === "order.created" ? "buy-plan" : "install-batch",
    event,
    end: ends.get(String(event.data.sagaId ?? event.data.batchId)),
  }));
  const folded = grouped(begun, ({ saga, event }) => `${dayOf(event.recordedAt)} ${saga}`).map(
    ([key, list]) => {
      const ended = (outcome: string) =>
        list.filter(({ end }) => end && outcomeOf[end.type] === outcome);
      const took = ended("completed").map(
        ({ event, end }) => Date.parse(end?.recordedAt ?? "") - Date.parse(event.recordedAt),
      );
      return {
        key: key.slice(0, 10),
        saga: key.slice(11),
        ...{
          began: list.length,
          completed: ended("completed").length,
          compensated: ended("compensated").length,
          stalled: ended("stalled").length,
        },
        open: list.filter(({ end }) => !end).length,
        ...{ p50Ms: percentile(took, 0.5), p95Ms: percentile(took, 0.95) },
      };
    },
  );
  expect((await staff().sagas({})).toSorted((a, b) => a.saga.localeCompare(b.saga))).toEqual(
    folded,
  );
});

test("customers see none of what concerns the operator, and days that are none are refused", async () => {
  const customer = bench.as(users[0] ?? "", "customer");
  await expect(customer.revenue({})).rejects.toThrow("analytics.platform");
  await expect(customer.utilisation({})).rejects.toThrow("analytics.platform");
  await expect(staff().revenue({ from: "yesterday" })).rejects.toThrow();
  expect(await staff().revenue({ from: "2000-01-01", to: "2000-12-31" })).toEqual([]);
});

test("every projection that is built anew from the log has the same rows", async () => {
  const names = (await bench.projections("admin").list()).map(({ name }) => name);
  expect(names).toContain("analytics.revenue");
  const tables = async () => {
    const { query } = bench.databases.analytics;
    const found: Record<string, unknown> = {};
    for (const { tables: some } of await bench.projections("admin").list())
      for (const table of some) {
        const text = `select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) as sum, count(*) as n from ${table} t`;
        found[table] = (await query(Object.assign([text], { raw: [text] })))[0];
      }
    return found;
  };
  const before = await tables();
  expect(Object.keys(before)).toHaveLength(9);
  for (const name of names) await bench.rebuild(name);
  expect(await tables()).toEqual(before);
});

test("events folded one after the other, a few at a time or all at once give the same rows", async () => {
  const taken = events.flatMap((event) => {
    const reading = readEventData(event);
    return reading.outcome === "known" ? [{ ...event, data: reading.data } as RecordedEvent] : [];
  });
  for (const { tables = [], on, fold } of projections) {
    const own = taken.filter(({ type }) => on[type]);
    const sums = async (size: number): Promise<unknown> => {
      let found: unknown;
      const undone = bench.databases.analytics.transaction(async (tx) => {
        await createShadows(tx, tables);
        await useShadows(tx);
        for (let from = 0; from < own.length; from += size)
          await fold?.(tx, own.slice(from, from + size), systemSource);
        const texts = tables.map(
          (table) => `select t::text as row from rebuild.${table} t order by 1`,
        );
        found = await Promise.all(texts.map((text) => tx(Object.assign([text], { raw: [text] }))));
        throw new Error("undone");
      });
      await expect(undone).rejects.toThrow("undone");
      return found;
    };
    const one = await sums(1);
    expect(await sums(7)).toEqual(one);
    expect(await sums(own.length + 1)).toEqual(one);
  }
});
