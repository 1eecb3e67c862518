import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Consumer, Context, Decision, Saga } from "@cloudphone/hub/platform/context";
import { createEventLog, type EventLog } from "@cloudphone/hub/platform/log/event-log";
import { folding } from "@cloudphone/hub/platform/log/handle-event";
import { emitCaused } from "@cloudphone/hub/platform/log/outbox";
import { startEmbedded } from "@cloudphone/hub/platform/postgres/embedded";
import {
  closeDatabases,
  type Databases,
  openDatabases,
  provision,
} from "@cloudphone/hub/platform/postgres/provision";
import { copyPrepared } from "@cloudphone/hub/platform/postgres/testing";
import { runContext } from "@cloudphone/hub/platform/run-context";
import { sagaConsumer } from "@cloudphone/hub/platform/saga/runtime";
import { systemSource } from "@cloudphone/hub/platform/source";
import { envelopeOf, silent } from "@cloudphone/hub/platform/testing";
import type { EventDraft, EventType, RecordedEvent } from "@cloudphone/shared/events/catalog";
import { samplePhone as spec } from "@cloudphone/shared/events/sample-phone";
import { eventually } from "../e2e/api.ts";
import type { Benchmark } from "./report.ts";

const rounds = 5;
const sagasPerRound = 5000;
const batch = 1000;
/** As two hubs, or two sagas of one, have: while PostgreSQL writes one batch, the hub decides the other. */
const atOnce = 2;
const leaseMs = null;
const money = { amountMinor: 990, currency: "CNY" };

interface Order {
  readonly orderId: string;
  readonly sagaId: string;
  readonly userId: string;
}

const draft = (type: EventType, order: Order, more: object): EventDraft =>
  ({ type, subject: order.orderId, data: { ...order, ...more } }) as EventDraft;

const orderOf = (event: RecordedEvent): Order => {
  const { orderId, sagaId, userId } = event.data as unknown as Order;
  return { orderId, sagaId, userId };
};

const created = (): EventDraft => {
  const orderId = systemSource.id();
  const order = { orderId, sagaId: orderId, userId: systemSource.id() };
  return draft("order.created", order, { planId: orderId, ...money, spec, labels: {}, leaseMs });
};

/** What each input asks for: a phone, then the money, then it is done. */
const asked: Partial<Record<EventType, (order: Order) => EventDraft>> = {
  "order.created": (order) =>
    draft("device.allocate.requested", order, { planId: order.orderId, spec, labels: {}, leaseMs }),
  "device.allocated": (order) => draft("payment.capture.requested", order, {}),
  "payment.captured": (order) => draft("order.paid", order, { deviceId: order.orderId, ...money }),
};

/** A purchase of three steps, which are as a purchase's are: each one a decision, a row of history, a deadline and what it asks for next. */
const purchase: Saga = {
  name: "bench-purchase",
  starts: "order.created",
  on: ["order.created", "device.allocated", "payment.captured"],
  route: (event) => event.subject,
  decide(state, input): Decision<unknown> | null {
    const ask = input.kind === "event" ? asked[input.event.type] : undefined;
    if (input.kind !== "event" || !ask) return null;
    const order = (state as Order | null) ?? orderOf(input.event);
    const isOver = input.event.type === "payment.captured";
    return {
      state: order,
      status: isOver ? "completed" : "running",
      phase: input.event.type,
      emit: [ask(order)],
      deadlineMs: isOver ? null : 60_000,
      note: input.event.type,
    };
  },
};

/** Who gives what a purchase asks for, in a database of its own or the saga's. */
function giver(type: EventType, give: (order: Order) => EventDraft): Consumer {
  const fold: NonNullable<Consumer["fold"]> = async (tx, events, source) => {
    const caused = events.map((event) => ({
      draft: give(orderOf(event)),
      cause: { correlationId: event.correlationId, causationId: event.id },
    }));
    await emitCaused(tx, caused, source);
  };
  return { name: `bench.${type}`, ...folding([type], fold) };
}

const phones = giver("device.allocate.requested", (order) =>
  draft("device.allocated", order, {
    ...{ deviceId: order.orderId, hostId: order.userId },
    lease: { leaseId: order.orderId, orderId: order.orderId, userId: order.userId, token: 1 },
  }),
);
const till = giver("payment.capture.requested", (order) => draft("payment.captured", order, money));

/** Purchases from the log to their end, through two contexts with a database each; and their steps alone, handed to the runtime in batches. */
export const sagas: Benchmark = {
  name: "sagas",
  async run() {
    await using databases = await durableDatabases();
    const through: number[] = [];
    const alone: number[] = [];
    for (let n = 0; n <= rounds; n++) {
      const measured = [await runThrough(databases), await runAlone(databases)] as const;
      // The first round warms.
      if (n > 0) for (const [at, list] of [through, alone].entries()) list.push(measured[at] ?? 0);
    }
    return {
      setting: `${sagasPerRound} purchases of three steps a round: order, phone, payment. Through: seven events each in the log, outboxes and relays of two contexts, and their databases. Alone: the runtime's part of it, in batches of ${batch}, ${atOnce} at once. One process, embedded PostgreSQL (fsync on).`,
      figures: [
        {
          ...{ what: "through the log and both databases", unit: "sagas/s", rounds: through },
          limit: { atLeast: 2000 },
        },
        {
          ...{ what: "the runtime alone", unit: "sagas/s", rounds: alone },
          limit: { atLeast: 10_000 },
        },
      ],
      bound:
        "the processors: alone, some 75 µs of PostgreSQL's time and 45 of the hub's for the three steps of a saga, on two cores that both are busy. Of PostgreSQL's, a third is the outbox (a row parsed, written and deleted for each event), a third the sagas' rows and their indexes (written at the first and the last step), a quarter the history; of the hub's, most is JSON and the sweeping up behind it.",
    };
  },
};

async function durableDatabases(): Promise<Databases & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-sagas-"));
  started.defer(() => rm(dir, { recursive: true, force: true }));
  await copyPrepared(dir);
  const server = await startEmbedded({ dataDir: dir });
  started.defer(() => server.stop());
  const databases = openDatabases(await provision(server.address));
  started.defer(() => closeDatabases(databases));
  const stack = started.move();
  return { ...databases, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const perSecond = (begunMs: number): number =>
  (sagasPerRound * 1000) / (performance.now() - begunMs);

async function runThrough({ events, billing, core }: Databases): Promise<number> {
  const log = createEventLog(events);
  const deps = { log, source: systemSource, logger: silent };
  const none = { consumers: [], sagas: [], timers: [] };
  const contexts: Context[] = [
    { ...none, name: "billing", database: billing, consumers: [till], sagas: [purchase] },
    { ...none, name: "core", database: core, consumers: [phones] },
  ];
  const running = contexts.map((context) => runContext(context, deps));
  const before = await completed(billing);
  const begunMs = performance.now();
  await placeOrders(log);
  const wanted = before + sagasPerRound;
  await eventually(async () => ((await completed(billing)) === wanted ? true : null), 120_000);
  const rate = perSecond(begunMs);
  for (const context of running) await context.stop();
  return rate;
}

async function placeOrders(log: EventLog): Promise<void> {
  const stream = `context:${systemSource.id()}`;
  for (let seq = 0; seq < sagasPerRound; seq += batch) {
    const some = Array.from({ length: batch }, (_, at) => ({
      ...{ stream, seq: seq + at + 1 },
      event: envelopeOf(created()),
    }));
    await log.append(some);
  }
}

async function completed({ query }: Databases["billing"]): Promise<number> {
  const [row] = await query<{ count: number }>`
    select count(*)::int as count from sagas where name = ${purchase.name} and status = 'completed'`;
  return row?.count ?? 0;
}

async function runAlone({ billing }: Databases): Promise<number> {
  const { fold } = sagaConsumer("billing", { ...purchase, name: "bench-alone" });
  const orders = Array.from({ length: sagasPerRound }, () => envelopeOf(created()));
  const take = async (some: readonly (typeof orders)[number][]): Promise<void> => {
    for (const type of purchase.on) {
      const given = some.map((event) => ({ ...event, type, position: 1 }) as RecordedEvent);
      await billing.transaction(async (tx) => {
        await fold?.(tx, given, systemSource);
        // Nobody carries them on: what is measured is the saga's part.
        await tx`delete from outbox`;
      });
    }
  };
  // What is deleted lies there until it is swept; a hub's outbox is swept all the time, and has an index to go by.
  await billing.query`truncate outbox`;
  const begunMs = performance.now();
  const batches = Array.from({ length: sagasPerRound / batch }, (_, at) =>
    orders.slice(at * batch, (at + 1) * batch),
  );
  const inTurn = async (): Promise<void> => {
    for (let next = batches.shift(); next; next = batches.shift()) await take(next);
  };
  await Promise.all(Array.from({ length: atOnce }, inTurn));
  return perSecond(begunMs);
}
