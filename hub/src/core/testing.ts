import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { hostStream } from "@cloudphone/shared/envelope";
import type { EventDraft, EventType } from "@cloudphone/shared/events/catalog";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Id } from "@cloudphone/shared/ids";
import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { asksAtConnect } from "../platform/broker/broker.ts";
import { type Caller, router } from "../platform/http/trpc.ts";
import { ownsAll } from "../platform/hubs/ownership.ts";
import { createEventLog, type EventLog } from "../platform/log/event-log.ts";
import { type TestDatabases, testDatabases } from "../platform/postgres/testing.ts";
import { runContext } from "../platform/run-context.ts";
import { systemSource } from "../platform/source.ts";
import { envelopeOf, silent, until } from "../platform/testing.ts";
import { type CoreContext, createCore } from "./core.ts";
import type { CoreDeps } from "./deps.ts";

export interface Published {
  readonly topic: string;
  readonly message: unknown;
}

export interface CoreBench extends AsyncDisposable {
  readonly databases: TestDatabases;
  readonly log: EventLog;
  readonly core: CoreContext;
  readonly deps: CoreDeps;
  /** What hosts were told, oldest first. */
  readonly published: readonly Published[];
  /** The API as this person sees it. */
  as(caller: Caller | null): ReturnType<typeof callersOf>;
  /** Appends events as their authors (a host, another context) would. */
  say(stream: string, ...drafts: EventDraft[]): Promise<void>;
  /** The newest event of a type about a subject, once it is in the log. */
  heard<T extends EventType>(type: T, subject: string): Promise<RecordedEnvelope>;
  /** Resolves once every consumer of core has read all that is in the log now. */
  settled(): Promise<void>;
  /** A connected host with room for so many phones. */
  host(capacity: number): Promise<BenchHost>;
}

export interface BenchHost {
  readonly hostId: Id;
  readonly secret: string;
  readonly stream: string;
}

const callersOf = (core: CoreContext, caller: Caller | null) =>
  router(core.routers).createCaller({
    caller,
    source: systemSource,
    correlationId: systemSource.id(),
    address: "127.0.0.1",
    audit: core.audit,
    logger: silent,
  });

export const admin: Caller = {
  userId: systemSource.id(),
  email: "admin@example.com",
  role: "admin",
};

/** Core alone, live, on a log and databases of its own; the test plays billing and the hosts. */
export async function startCore(): Promise<CoreBench> {
  const databases = await testDatabases();
  const log = createEventLog(databases.events);
  const published: Published[] = [];
  const blobDir = await mkdtemp(path.join(tmpdir(), "cloudphone-core-"));
  const deps: CoreDeps = {
    database: databases.core,
    source: systemSource,
    bus: { publish: async (topic, message) => void published.push({ topic, message }) },
    secrets: {
      tokenKey: randomBytes(32),
      pathKey: randomBytes(32),
      ticketKey: randomBytes(32),
      shareKey: randomBytes(32),
    },
    logger: silent,
    blobDir,
    maxAppBytes: 8 * 1024 ** 2,
    ...{ installsPerHost: 2, snapshotsPerCustomer: 2, auditKeepDays: null },
    quotas: { devices: 1000, storageBytes: 1024 ** 3, sessions: 16 },
    warmPools: [],
    ice: { stunUrl: null, turnUrl: null, turnSecret: null, relayOnly: false },
    log,
    webhookNetworks: ["127.0.0.0/8"],
    ...{ ownership: ownsAll, hubId: systemSource.id(), access: asksAtConnect },
    mqttAddress: () => ({ host: null, port: 1883, tls: false }),
    wake: () => running.wake(),
  };
  const core = createCore(deps);
  const running = runContext(core, { log, source: systemSource, logger: silent });
  const say = sayer(log);
  const as: CoreBench["as"] = (caller) => callersOf(core, caller);
  return {
    databases,
    log,
    core,
    deps,
    published,
    as,
    say,
    heard: (type, subject) =>
      until(`${type} of ${subject}`, async () => {
        const [event] = await log.readBack({ before: null, limit: 1, types: [type], subject });
        return event;
      }),
    async settled() {
      const head = await log.head();
      await until("core to have read all", async () =>
        running.consumers.every(({ position }) => position >= head),
      );
    },
    host: (capacity) => connectHost({ databases, core, as, say }, capacity),
    async [Symbol.asyncDispose]() {
      await running.stop();
      await databases[Symbol.asyncDispose]();
      await rm(blobDir, { recursive: true, force: true });
    },
  };
}

/** Numbers what each author says, and appends it. */
function sayer(log: EventLog): CoreBench["say"] {
  const seqs = new Map<string, number>();
  return async (stream, ...drafts) => {
    await log.append(
      drafts.map((draft) => {
        const seq = (seqs.get(stream) ?? 0) + 1;
        seqs.set(stream, seq);
        return { stream, seq, event: envelopeOf(draft) };
      }),
    );
  };
}

/** Enrols a host, connects it and has it tell what it offers. */
async function connectHost(
  { databases, core, as, say }: Pick<CoreBench, "databases" | "core" | "as" | "say">,
  capacity: number,
): Promise<BenchHost> {
  const { token } = await as(admin).hosts.createEnrollment({});
  const { hostId, secret } = await as(null).hosts.enroll({ token, name: "rack" });
  const epoch = systemSource.id();
  const stream = hostStream(hostId, epoch);
  const providers = [
    {
      kind: samplePhone.provider,
      available: true,
      reason: null,
      capacity,
      labels: { snapshots: "true" },
    },
  ];
  core.onPresence(hostId, { v: 1, kind: "hello", epoch, agentVersion: "0" });
  await say(stream, {
    type: "host.started",
    subject: hostId,
    data: { hostId, epoch, bootId: "b1", agentVersion: "0", providers },
  });
  await until("the host", async () => {
    const rows = await databases.core.query`
      select 1 from hosts where id = ${hostId} and state = 'connected' and providers <> '[]'`;
    return rows.length > 0;
  });
  return { hostId, secret, stream };
}

/** What billing asks core for. */
export const allocateRequest = (
  orderId = systemSource.id(),
): EventDraft<"device.allocate.requested"> => ({
  type: "device.allocate.requested",
  subject: orderId,
  data: {
    sagaId: orderId,
    orderId,
    userId: systemSource.id(),
    planId: systemSource.id(),
    spec: samplePhone,
    labels: {},
    leaseMs: null,
  },
});
