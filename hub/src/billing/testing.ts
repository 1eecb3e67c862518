import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { hostStream } from "@cloudphone/shared/envelope";
import { type EventDraft, type EventType, newestVersion } from "@cloudphone/shared/events/catalog";
import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { type Id, type Source, uuidv7 } from "@cloudphone/shared/ids";
import { pino } from "pino";
import { type Caller, router } from "../platform/http/trpc.ts";
import { createEventLog, type EventLog } from "../platform/log/event-log.ts";
import { type TestDatabases, testDatabases } from "../platform/postgres/testing.ts";
import { runContext } from "../platform/run-context.ts";
import { type Billing, createBilling } from "./billing.ts";

export const testSource: Source = {
  id: () => uuidv7(Date.now(), randomBytes(16)),
  now: () => Date.now(),
};

export const silent = pino({ level: "silent" });

/** Polls until `look` gives something; fails after ten seconds, with what was waited for. */
export async function until<T>(what: string, look: () => Promise<T | null | undefined | false>) {
  for (const giveUpAt = performance.now() + 10_000; performance.now() < giveUpAt; ) {
    const found = await look();
    if (found) return found;
    await delay(10);
  }
  throw new Error(`waited 10 s for ${what}`);
}

export const callerOf = (userId: Id, role: Caller["role"]): Caller => ({
  userId,
  email: `${role}@example.com`,
  role,
});

export interface BillingBench extends AsyncDisposable {
  readonly databases: TestDatabases;
  readonly log: EventLog;
  readonly billing: Billing;
  /** The API as this person sees it. */
  as(caller: Caller | null): ReturnType<typeof callersOf>;
  /** Appends events as their authors (a host, another context) would; each call is one of the author's batches. */
  say(stream: string, ...drafts: EventDraft[]): Promise<void>;
  /** The newest event of a type about a subject, once it is in the log. */
  heard<T extends EventType>(type: T, subject: string): Promise<RecordedEnvelope>;
}

const callersOf = (billing: Billing, caller: Caller | null) =>
  router(billing.router).createCaller({
    caller,
    source: testSource,
    correlationId: testSource.id(),
    address: "127.0.0.1",
    logger: silent,
  });

/** Billing alone, live, on a log and databases of its own; the test plays core and the hosts. */
export async function startBilling(
  options: { purchaseDeadlineMs?: number } = {},
): Promise<BillingBench> {
  const databases = await testDatabases();
  const log = createEventLog(databases.events);
  const billing = createBilling({
    database: databases.billing,
    source: testSource,
    onCommitted: () => running.wake(),
    ...options,
  });
  const running = runContext(billing, { log, source: testSource, logger: silent });
  const seqs = new Map<string, number>();
  const stamp = (stream: string, draft: EventDraft) => {
    const seq = (seqs.get(stream) ?? 0) + 1;
    seqs.set(stream, seq);
    return { stream, seq, event: envelopeOf(draft) };
  };
  return {
    databases,
    log,
    billing,
    as: (caller) => callersOf(billing, caller),
    async say(stream, ...drafts) {
      await log.append(drafts.map((draft) => stamp(stream, draft)));
    },
    heard: (type, subject) =>
      until(`${type} of ${subject}`, async () => {
        const [event] = await log.readBack({ before: null, limit: 1, types: [type], subject });
        return event;
      }),
    async [Symbol.asyncDispose]() {
      await running.stop();
      await databases[Symbol.asyncDispose]();
    },
  };
}

function envelopeOf(draft: EventDraft) {
  return {
    id: testSource.id(),
    type: draft.type,
    version: newestVersion(draft.type),
    subject: draft.subject,
    occurredAt: new Date().toISOString(),
    correlationId: testSource.id(),
    causationId: null,
    data: draft.data,
  };
}

/** A host with one phone, played by the test: says what an agent would say of a run. */
export function fakeHost(hostId: Id = testSource.id(), epoch: Id = testSource.id()) {
  const deviceId = testSource.id();
  const startedAt = "2026-11-23T08:00:00.000Z";
  const leaseOf = (orderId: Id, userId: Id) => ({ leaseId: orderId, orderId, userId, token: 1 });
  const run = (order: { orderId: Id; userId: Id }, runId: Id) => ({
    deviceId,
    runId,
    lease: leaseOf(order.orderId, order.userId),
    userId: order.userId,
    startedAt,
  });
  type Of = { orderId: Id; userId: Id };
  return {
    hostId,
    epoch,
    deviceId,
    stream: hostStream(hostId, epoch),
    allocated: (of: Of, expiresAt: string | null = null): EventDraft => ({
      type: "device.allocated",
      subject: of.orderId,
      data: {
        deviceId,
        hostId,
        sagaId: of.orderId,
        orderId: of.orderId,
        lease: leaseOf(of.orderId, of.userId),
        expiresAt,
      },
    }),
    extended: (of: Of, expiresAt: string): EventDraft => ({
      type: "device.lease.extended",
      subject: of.orderId,
      data: { deviceId, orderId: of.orderId, lease: leaseOf(of.orderId, of.userId), expiresAt },
    }),
    released: (of: Of): EventDraft => ({
      type: "device.released",
      subject: of.orderId,
      data: { deviceId, hostId, lease: leaseOf(of.orderId, of.userId), reason: "The lease ended." },
    }),
    started: (of: Of, runId: Id): EventDraft => ({
      type: "device.started",
      subject: deviceId,
      data: run(of, runId),
    }),
    confirmed: (of: Of, runId: Id, durationMs: number): EventDraft => ({
      type: "device.usage.confirmed",
      subject: deviceId,
      data: { ...run(of, runId), durationMs },
    }),
    stopped: (of: Of, runId: Id, durationMs: number): EventDraft => ({
      type: "device.stopped",
      subject: deviceId,
      data: { ...run(of, runId), durationMs, reason: "requested" },
    }),
    begins: () => begins(hostId, epoch),
  };
}

const begins = (hostId: Id, epoch: Id): EventDraft => ({
  type: "host.started",
  subject: hostId,
  data: { hostId, epoch, bootId: "b1", agentVersion: "0", providers: [] },
});
