import { blobSweep } from "./apps/sweep.ts";
import { commandCatalog } from "@cloudphone/shared/commands/catalog";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Heartbeat, Presence } from "@cloudphone/shared/link";
import type { Context } from "../platform/context.ts";
import type { Audit } from "../platform/http/audit.ts";
import type { Caller } from "../platform/http/trpc.ts";
import { rateLimitCleaning } from "../platform/http/rate-limits.ts";
import type { HttpRoute } from "../platform/http/route.ts";
import type { SocketRoute } from "../platform/http/sockets.ts";
import { retryLevel } from "../platform/postgres/reachability.ts";
import type { Accounts } from "./accounts/accounts.ts";
import { createIdentities, type Identities } from "./accounts/identities.ts";
import { batchConsumer } from "./apps/batch-consumer.ts";
import { createBatches } from "./apps/batches.ts";
import { installBatchSaga } from "./apps/install-batch.ts";
import { createLibrary, installationConsumer } from "./apps/library.ts";
import { appsRouter } from "./apps/router.ts";
import { coreRoutes } from "./apps/routes.ts";
import type { CoreDeps } from "./deps.ts";
import type { PlacesOf } from "../platform/log/authority.ts";
import { Batteries } from "./devices/batteries.ts";
import { commandConsumer, commandDeadlines, correlationOfCommand } from "./devices/commands.ts";
import { createDevices } from "./devices/devices.ts";
import { dispatchConsumer, greetHost } from "./devices/dispatch.ts";
import { idleStop, spendingConsumer } from "./devices/idle-stop.ts";
import { poolsRouter } from "./devices/pools.ts";
import { createOperate } from "./devices/operations.ts";
import { leaseConsumer, leaseExpiry } from "./devices/leases.ts";
import { createPlaces } from "./devices/places.ts";
import { deviceProjection } from "./devices/projection.ts";
import { devicesRouter } from "./devices/router.ts";
import { warmPool } from "./devices/warm-pool.ts";
import { coreFigures } from "./figures.ts";
import { hostChecks } from "./hosts/checks.ts";
import { createDrain, type DrainHosts } from "./hosts/drain.ts";
import { createHosts } from "./hosts/hosts.ts";
import { listenersRouter, rightsOfListener } from "./listeners/listeners.ts";
import { notificationConsumer } from "./notifications/consumer.ts";
import { createDeliveries } from "./notifications/deliveries.ts";
import { auditCleaning, createAudit } from "./audit/audit-log.ts";
import { auditRouter } from "./audit/router.ts";
import { webhookDelivery } from "./notifications/delivery.ts";
import { createNotifications, notificationCleaning } from "./notifications/notifications.ts";
import { notificationsRouter } from "./notifications/router.ts";
import { createWebhooks } from "./notifications/webhooks.ts";
import { webhooksRouter } from "./notifications/webhooks-router.ts";
import { createLoads, type HostLoads } from "./hosts/loads.ts";
import { hostsRouter } from "./hosts/router.ts";
import { sessionsRouter } from "./sessions/router.ts";
import { createRecordings, recordingConsumer } from "./recordings/recordings.ts";
import { recordingsRouter } from "./recordings/router.ts";
import { recordingRoutes } from "./recordings/routes.ts";
import { snapshotsRouter } from "./snapshots/router.ts";
import { createSnapshots, snapshotConsumer } from "./snapshots/snapshots.ts";
import { createSessions, type Sessions } from "./sessions/sessions.ts";
import { sharesRouter } from "./sessions/shares-router.ts";
import { createShares } from "./sessions/shares.ts";

export interface CoreContext extends Context {
  readonly routers: ReturnType<typeof coreRouters>;
  readonly routes: readonly HttpRoute[];
  readonly sockets: readonly SocketRoute[];
  /** Who an access token or an API key stands for; rejects with `unauthenticated`. */
  authenticate(token: string): Promise<Caller>;
  /** Where acts of people who may do more than customers are written down. */
  readonly audit: Audit;
  /** Of callers who were let in before, those who may not go on as they were. */
  outdated(callers: readonly Caller[]): Promise<readonly Caller[]>;
  verifyHost(hostId: Id, secret: string): Promise<boolean>;
  /** What a listener on MQTT may hear. */
  rightsOfListener(id: string, secret: string | null): Promise<readonly string[] | null>;
  readonly placesOf: PlacesOf;
  onHeartbeat(hostId: Id, heartbeat: Heartbeat): void;
  onPresence(hostId: Id, presence: Presence): void;
  /** For the first start: makes the account unless its address is known; true when it was made. */
  ensureAccount(account: {
    email: string;
    password: string;
    role: string;
    demo: boolean;
  }): Promise<boolean>;
  findAccount(email: string): Promise<Id | null>;
  createEnrollment(): Promise<string>;
  /** Ends what lives in this process alone. */
  stop(): Promise<void>;
  /** Tells the hosts for which `mine` says so all that they should know: the hub that did has gone. */
  greetHosts(mine: (hostId: Id) => boolean): Promise<void>;
  /** Phones that run at this moment. */
  countRunning(): Promise<number>;
}

/** A minute beyond an install's own deadline: by then even a host that was away has none left. */
const installSilenceMs = commandCatalog["app.install"].deadlineMs + 60_000;

/** Accounts, hosts, devices with their leases, and apps. */
export function createCore(deps: CoreDeps): CoreContext {
  const identities = createIdentities(deps);
  const { accounts } = identities;
  const hosts = createHosts(deps);
  const drain = createDrain(deps);
  const loads = createLoads(deps.database, () => deps.source.now());
  const batteries = new Batteries();
  const devices = createDevices(deps, batteries);
  const library = createLibrary(deps, devices);
  const sessions = createSessions(deps, devices);
  const { database, source } = deps;
  return {
    name: "core",
    database,
    ...work({ identities, hosts, drain, loads, library, sessions, deps }),
    routers: coreRouters({
      identities,
      hosts,
      drain,
      loads,
      devices,
      batteries,
      library,
      sessions,
      deps,
    }),
    routes: [...coreRoutes(deps, library, devices), ...recordingRoutes(deps, devices)],
    sockets: [sessions.socket],
    stop: () => sessions.stop(),
    authenticate: (token) => identities.authenticate(token),
    audit: createAudit(deps),
    outdated: (callers) => identities.outdated(callers),
    verifyHost: hosts.verifyHost,
    rightsOfListener: (id, secret) => rightsOfListener(deps, id, secret),
    ...hearing(deps, { hosts, batteries, loads }),
    ensureAccount: (account) => ensureAccount(deps, accounts, account),
    figures: coreFigures(database),
    correlationOf: (id) => correlationOfCommand(database, id),
    findAccount: (email) => accounts.find(email),
    async greetHosts(mine) {
      const rows = await database.query<{ id: Id }>`
        select id from hosts where state in ('connected', 'suspected', 'lost')`;
      for (const { id } of rows) if (mine(id)) await greetHost(deps, id);
    },
    async countRunning() {
      const [row] = await database.query<{ n: number }>`
        select count(*) as n from devices where running and existence = 'present'`;
      return row?.n ?? 0;
    },
    async createEnrollment() {
      return (await hosts.createEnrollment(source.id(), null)).token;
    },
  };
}

/** What goes on without anybody asking. */
function work({
  identities,
  hosts,
  drain,
  loads,
  library,
  sessions,
  deps,
}: Pick<Parts, "identities" | "hosts" | "drain" | "loads" | "library" | "sessions" | "deps">): Pick<
  Context,
  "consumers" | "sagas" | "timers"
> {
  return {
    consumers: [
      hosts.consumer,
      hostChecks,
      leaseConsumer(deps),
      deviceProjection,
      commandConsumer(),
      installationConsumer,
      sessions.consumer,
      batchConsumer(library),
      snapshotConsumer,
      recordingConsumer,
      notificationConsumer,
      spendingConsumer,
      dispatchConsumer(deps),
    ],
    sagas: [installBatchSaga({ silenceMs: installSilenceMs })],
    timers: [
      ...identities.timers,
      hosts.timer,
      drain.timer,
      ...loads.timers,
      leaseExpiry(deps),
      commandDeadlines(deps.database),
      warmPool(deps),
      idleStop(deps),
      blobSweep(deps),
      sessions.timer,
      rateLimitCleaning(deps.database),
      notificationCleaning(deps.database),
      auditCleaning(deps.database, deps.auditKeepDays),
      webhookDelivery({
        database: deps.database,
        allowed: deps.webhookNetworks,
        now: () => deps.source.now(),
      }),
    ],
  };
}

async function ensureAccount(
  { database, source, wake }: CoreDeps,
  accounts: Accounts,
  account: Parameters<CoreContext["ensureAccount"]>[0],
): Promise<boolean> {
  if (await accounts.find(account.email)) return false;
  const cause = { correlationId: source.id(), causationId: null };
  try {
    await database.transaction((tx) => accounts.create(tx, account, cause));
  } catch (error) {
    // Of two hubs that start at once, the other was faster.
    if (error instanceof Fault && error.code === "conflict") return false;
    throw error;
  }
  wake();
  return true;
}

/** What is done about what hosts say of themselves. */
function hearing(
  deps: CoreDeps,
  { hosts, batteries, loads }: Pick<Parts, "hosts" | "batteries" | "loads">,
): Pick<CoreContext, "onHeartbeat" | "onPresence" | "placesOf"> {
  return {
    placesOf: createPlaces(deps.database),
    onHeartbeat(hostId, heartbeat) {
      batteries.note(hostId, heartbeat);
      loads.note(hostId, heartbeat);
      hosts.onHeartbeat(hostId);
    },
    onPresence(hostId, presence) {
      hosts.onPresence(hostId, presence);
      if (presence.kind === "hello") greet(deps, hostId);
      else batteries.forget(hostId);
    },
  };
}

function greet(deps: CoreDeps, hostId: Id): void {
  greetHost(deps, hostId).catch((error: unknown) => {
    deps.logger[retryLevel(error)](
      { err: error, hostId },
      "a host could not be told its devices; it will say hello again",
    );
  });
}

interface Parts {
  readonly identities: Identities;
  readonly hosts: ReturnType<typeof createHosts>;
  readonly drain: DrainHosts;
  readonly loads: HostLoads;
  readonly devices: ReturnType<typeof createDevices>;
  readonly batteries: Batteries;
  readonly library: ReturnType<typeof createLibrary>;
  readonly sessions: Sessions;
  readonly deps: CoreDeps;
}

function coreRouters({ identities, hosts, devices, library, sessions, ...rest }: Parts) {
  const { drain, loads, batteries, deps } = rest;
  const operate = createOperate(devices, deps);
  const batches = createBatches(deps, { devices, library });
  return {
    ...identities.routers,
    hosts: hostsRouter({ hosts, drain, loads }, deps.database),
    devices: devicesRouter({ devices, operate, batteries }, deps),
    apps: appsRouter({ library, batches, operate }, deps),
    sessions: sessionsRouter(sessions, deps),
    shares: sharesRouter(createShares(deps, devices, sessions), deps),
    audit: auditRouter(deps.database),
    pools: poolsRouter(deps),
    listeners: listenersRouter(deps),
    notifications: notificationsRouter(createNotifications(deps.database), deps.log),
    webhooks: webhooksRouter(
      createWebhooks({ ...deps, allowed: deps.webhookNetworks }),
      createDeliveries(deps.database),
    ),
    recordings: recordingsRouter(createRecordings(deps, devices), deps),
    snapshots: snapshotsRouter(createSnapshots(deps, devices), deps),
  };
}
