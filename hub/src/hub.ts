import path from "node:path";
import type { Source } from "@cloudphone/shared/ids";
import { partitionOf } from "@cloudphone/shared/partitions";
import { eventTopic } from "@cloudphone/shared/topics";
import type { Logger } from "pino";
import { createAnalytics } from "./analytics/analytics.ts";
import { createBilling } from "./billing/billing.ts";
import { openArchive } from "./archive.ts";
import { openBroker } from "./broker.ts";
import type { HubConfig } from "./config.ts";
import { createCore } from "./core/core.ts";
import { loadHubId, loadSecrets } from "./platform/auth/secrets.ts";
import type { Broker } from "./platform/broker/broker.ts";
import { HostMessages, parseJson } from "./platform/broker/host-messages.ts";
import type { HostBus } from "./platform/context.ts";
import { operationsRouter } from "./platform/http/operations-router.ts";
import { RateLimiter } from "./platform/http/rate-limits.ts";
import { startHttp } from "./platform/http/server.ts";
import { softwareRoutes } from "./platform/http/software.ts";
import { followOwnership } from "./platform/hubs/handover.ts";
import { Membership } from "./platform/hubs/membership.ts";
import { type Ownership, owns } from "./platform/hubs/ownership.ts";
import { createEventLog, type EventLog } from "./platform/log/event-log.ts";
import { LogFollower } from "./platform/log/follower.ts";
import { createIngest } from "./platform/log/ingest.ts";
import { appendedSchema } from "./platform/log/recent.ts";
import { Wakeable } from "./platform/log/wakeable.ts";
import { createMetrics } from "./platform/observe/metrics.ts";
import { observeRoutes } from "./platform/observe/routes.ts";
import { type RunningContext, runContext } from "./platform/run-context.ts";
import { type AppRouter, appRouter } from "./router.ts";
import { seed, type Seeded } from "./seed.ts";
import { settingsRouter } from "./settings.ts";
import { openStorage } from "./storage.ts";

export interface Hub {
  /** The whole API, to be looked at: its procedures, their inputs and permissions. */
  readonly router: AppRouter;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** Accounts made at this start, with their passwords: told once. */
  readonly seeded: Seeded;
  /** A one-time token for a host. */
  createEnrollment(): Promise<string>;
  /** How many phones run, as far as their hosts have said: right after a start that may be how it was before it. */
  countRunning(): Promise<number>;
  stop(): Promise<void>;
}

export interface HubOptions {
  readonly config: HubConfig;
  readonly source: Source;
  readonly logger: Logger;
}

/** Wires the hub: databases, log, contexts, broker, HTTP; in this order, and stopped in the other. */
export async function startHub({ config, source, logger }: HubOptions): Promise<Hub> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const undo of stops.splice(0).toReversed()) await undo();
  };
  try {
    const hub = await wire({ config, source, logger }, stops);
    return { ...hub, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function wire(
  { config, source, logger }: HubOptions,
  stops: (() => Promise<unknown>)[],
): Promise<Omit<Hub, "stop">> {
  const sharedDir = config.sharedDir ?? path.join(config.dataDir, "hub");
  const secrets = await loadSecrets(sharedDir);
  const storage = await openStorage(config, logger);
  stops.push(() => storage.stop());
  const { databases } = storage;
  const archiveDir = config.log.archiveDir ?? path.join(sharedDir, "archive");
  const log = createEventLog(databases.events, archiveDir);
  const running: RunningContext[] = [];
  const membership = new Membership({
    database: databases.events,
    hubId: await loadHubId(path.join(config.dataDir, "hub"), source.id()),
    incarnation: source.id(),
    broker: config.mqtt.url === undefined ? "own" : "shared",
    logger,
    consumers: () => running.flatMap((context) => context.consumers),
  });
  await membership.start();
  stops.push(() => membership.stop());
  const wake = (): void => {
    for (const context of running) context.wake();
  };
  // Only that context's: each wake is a look into an outbox.
  const wakeOnly = (name: string) => (): void =>
    running.find((context) => context.name === name)?.wake();
  // The broker asks core who a host is and core speaks through the broker: the one knot, tied by this line.
  const link: { broker: Broker | null } = { broker: null };
  const bus: HostBus = {
    publish: async (topic, message, options) => link.broker?.publish(topic, message, options),
  };
  const core = createCore({
    database: databases.core,
    source,
    bus,
    secrets,
    logger,
    blobDir: path.join(sharedDir, "blobs"),
    maxAppBytes: config.maxAppBytes,
    installsPerHost: config.installsPerHost,
    snapshotsPerCustomer: config.snapshotsPerCustomer,
    auditKeepDays: config.audit.keepDays,
    quotas: config.quotas,
    warmPools: config.warmPools,
    ice: config.ice,
    log,
    webhookNetworks: config.webhookNetworks,
    ownership: membership,
    hubId: membership.hubId,
    access: {
      admitHost: async (hostId, secret) => link.broker?.admitHost(hostId, secret),
      expelHost: async (hostId) => link.broker?.expelHost(hostId),
      admitListener: async (listener, secret) => link.broker?.admitListener(listener, secret),
      expelListener: async (id) => link.broker?.expelListener(id),
    },
    mqttAddress: () => link.broker?.address ?? { host: null, port: config.mqttPort, tls: false },
    wake: wakeOnly("core"),
  });
  const { purchaseDeadlineMs, currency, lowBalanceMinor } = config;
  const billing = createBilling({
    database: databases.billing,
    source,
    currency,
    purchaseDeadlineMs,
    lowBalanceMinor,
    onCommitted: wakeOnly("billing"),
  });
  const analytics = createAnalytics({ database: databases.analytics, source });
  const contexts = [core, billing, analytics];
  const ingest = createIngest(databases.events, log, core.placesOf);
  const messages = new HostMessages({
    ingest,
    bus,
    logger,
    onHeartbeat: core.onHeartbeat,
    onPresence: core.onPresence,
  });
  link.broker = await openBroker(config, {
    hubId: membership.hubId,
    logger,
    onHubMessage: (payload) => hearHub(log, payload),
    verifyHost: core.verifyHost,
    rightsOfListener: core.rightsOfListener,
    onHostMessage: (hostId, kind, payload) => messages.take(hostId, kind, payload),
    onRefused: (hostId, topic, payload) =>
      messages.refuse(hostId, topic, { payload, reason: "not a topic of this host" }),
  });
  stops.push(
    async () => link.broker?.stop(),
    () => messages.stop(),
  );
  for (const context of contexts) {
    const live = runContext(context, { log, source, logger, ownership: membership });
    running.push(live);
    stops.push(() => live.stop());
  }
  const readers = contexts.map(({ name, database }, place) => ({
    ...{ name, database },
    consumers: running[place]?.consumers.map((consumer) => consumer.name) ?? [],
  }));
  const archive = openArchive({
    ...{ database: databases.events, dir: archiveDir, readers, logger, ownership: membership },
    keepDays: config.log.keepDays,
  });
  stops.push(() => archive.stop());
  const handover = followOwnership({
    ownership: membership,
    broker: link.broker,
    logger,
    async takeOver(fresh) {
      // Hosts of a broker of its own connect to it anew, and say so.
      if (config.mqtt.url === undefined) return;
      const mine = (hostId: string): boolean => fresh.has(partitionOf(hostId));
      await messages.takeOver(mine);
      await core.greetHosts(mine);
    },
  });
  stops.push(
    () => handover.stop(),
    fanOut({ log, broker: link.broker, logger, ownership: membership }),
  );
  tellHubs(log, link.broker);
  const consumers = () => membership.consumers();
  const operations = operationsRouter({
    ...{ log, ingest, contexts, consumers, wake },
    archive: archive.overview,
  });
  const metrics = createMetrics({ log, contexts, consumers, logger });
  const seeded = await seed({ config, sharedDir, core, billing });
  const router = appRouter({
    core: core.routers,
    billing: billing.router,
    analytics: analytics.router,
    operations,
    settings: settingsRouter(config),
  });
  const http = await startHttp({
    host: config.host,
    port: config.port,
    router,
    routes: [
      ...core.routes,
      ...softwareRoutes({ dir: path.join(config.dataDir, "hub") }),
      ...observeRoutes({
        databases: Object.values(databases),
        brokerUp: () => link.broker?.listening ?? false,
        consumers,
        metrics,
        metricsToken: config.metricsToken,
      }),
    ],
    observe: metrics.observe,
    sockets: core.sockets,
    webDir: path.resolve(import.meta.dirname, "../../web/dist"),
    source,
    logger,
    limiter:
      config.rateLimits.length > 0 ? new RateLimiter(databases.core, config.rateLimits) : null,
    audit: core.audit,
    authenticate: core.authenticate,
    outdated: core.outdated,
  });
  stops.push(
    () => http.stop(),
    () => core.stop(),
  );
  return {
    router,
    httpPort: http.port,
    mqttPort: link.broker.port,
    seeded,
    createEnrollment: core.createEnrollment,
    countRunning: () => core.countRunning(),
  };
}

/** More in one message would hold up what else goes that way: siblings then read it. */
const toldEvents = 200;

/** What this hub appends its siblings need not look for. */
function tellHubs(log: EventLog, broker: Broker): void {
  log.onAnnounced((appended) => {
    const many = (appended.events?.length ?? 0) > toldEvents;
    broker.tellHubs(many ? { ...appended, events: null } : appended);
  });
}

function hearHub(log: EventLog, payload: Buffer): void {
  const appended = appendedSchema.safeParse(parseJson(payload));
  if (appended.success) log.hear(appended.data);
}

interface FanOutDeps {
  readonly log: EventLog;
  readonly broker: Broker;
  readonly logger: Logger;
  readonly ownership: Ownership;
}

/** New events, told on MQTT to whoever may listen. From the present on: who needs every event reads the log. */
function fanOut({ log, broker, logger, ownership }: FanOutDeps): () => Promise<void> {
  let position: number | null = null;
  const follower = new LogFollower(log, { limit: 200 });
  const loop = new Wakeable(
    async () => {
      if (position === null || !broker.fansOut) {
        // Nobody listens. Who comes now hears all from a moment before on.
        position = Math.max(position ?? 0, await log.recentHead());
        if (!broker.fansOut) return false;
      }
      const { events, to } = await follower.next(position);
      const more = to > position;
      for (const event of events) {
        // Several hubs: each tells those of its partitions.
        if (owns(ownership, event.subject))
          await broker.publish(eventTopic(event.type), event, { retain: false });
        position = event.position;
      }
      position = to;
      return more;
    },
    {
      idleMs: 1000,
      logger,
      failing: "events can't be told on MQTT; retrying",
    },
  );
  const subscription = log.onAppended(loop.wake);
  loop.start();
  return async () => {
    subscription[Symbol.dispose]();
    await loop.stop();
  };
}
