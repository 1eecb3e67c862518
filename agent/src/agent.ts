import path from "node:path";
import manifest from "../package.json" with { type: "json" };
import type { ProviderReport } from "@cloudphone/shared/events/host";
import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Adb } from "./adb/adb.ts";
import { createAdb } from "./adb/open.ts";
import { allHandlers } from "./commands/catalog.ts";
import { createHubFiles } from "./commands/hub-files.ts";
import { CommandRunner } from "./commands/runner.ts";
import type { AgentConfig } from "./config.ts";
import { Fleet } from "./devices/fleet.ts";
import { isOver } from "./devices/next-step.ts";
import { examineAtStart } from "./doctor/at-start.ts";
import { thisMachine } from "./doctor/machine.ts";
import { subjectOf } from "./doctor/subject.ts";
import { type Credentials, loadCredentials } from "./enrolment.ts";
import { createLink, type Link } from "./link/link.ts";
import { openProviders } from "./providers/catalog.ts";
import type { Provider } from "./providers/provider.ts";
import { openScreens } from "./media/open.ts";
import type { Screens } from "./media/screens.ts";
import { Tunnels } from "./relay/tunnels.ts";
import { StorageWatch } from "./storage-watch.ts";
import { Offer } from "./offer.ts";
import { openStore, type OpenStore } from "./store/open.ts";
import { type MonoClock, systemClock } from "./usage/clock.ts";
import { Meter } from "./usage/meter.ts";
import { closeRun } from "./usage/runs.ts";

export const agentVersion = manifest.version;

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly source: Source;
  readonly logger: Logger;
  /** Where the hub is now, when that is known better than at the enrolment: both run in one process. */
  readonly hub?: { readonly hubUrl: string; readonly mqttPort: number };
  /** For tests: clocks that jump, providers that outlive the agent. */
  readonly clock?: MonoClock;
  readonly providers?: ReadonlyMap<string, Provider>;
}

export interface Agent {
  readonly hostId: string;
  /** Phones under an open run that this agent itself has seen running just now. */
  countRunning(): number;
  /** Ends in good order: what the hub has not heard yet stays in the outbox. */
  stop(): Promise<void>;
}

/** The agent of one host: store, link, providers, a supervisor per device, metering, commands. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, source, logger } = options;
  const stored = await loadCredentials(config.dataDir);
  if (!stored)
    throw new Fault(
      "bad_input",
      `This host is not enrolled; run \`cloudphone enroll TOKEN --data ${config.dataDir}\` first.`,
    );
  const credentials = options.hub
    ? {
        ...stored,
        hubUrl: options.hub.hubUrl,
        mqtt: { ...stored.mqtt, port: options.hub.mqttPort },
      }
    : stored;
  const clock = options.clock ?? systemClock();
  const store = openStore(path.join(config.dataDir, "agent.db"), {
    source,
    logger,
    maxBytes: config.storeMaxBytes,
  });
  const adb = createAdb();
  const { hostId } = credentials;
  const providers = options.providers ?? (await openProviders(config, { hostId, adb, logger }));
  const parts = assemble({ ...options, credentials, clock, store, adb, providers });
  await recoverRuns(store, providers, clock);
  const { offer } = parts;
  const reports = await sayStarted({ config, credentials, clock, store, source, offer });
  parts.fleet.start();
  await parts.runner.start();
  parts.meter.start();
  parts.screens.start();
  parts.storage.start();
  parts.offer.start();
  parts.link.start();
  // Of a kind that this host does not offer, its provider has said why not.
  const offered = reports.filter(({ available }) => available).map(({ kind }) => kind);
  const subject = subjectOf({ config, kinds: new Set(offered), hub: credentials });
  const system = thisMachine();
  const examination = examineAtStart({ system, subject, hostId, store, source, logger });
  return {
    hostId,
    countRunning: () => parts.fleet.countRunning(),
    async stop() {
      await examination.stop();
      const own = !options.providers;
      await stopAll({ ...parts, store, providers, credentials, source, clock, own });
      await adb.close();
    },
  };
}

interface Assembly extends AgentOptions {
  readonly credentials: Credentials;
  readonly clock: MonoClock;
  readonly store: OpenStore;
  readonly adb: Adb;
  readonly providers: ReadonlyMap<string, Provider>;
}

interface Parts {
  readonly fleet: Fleet;
  readonly runner: CommandRunner;
  readonly tunnels: Tunnels;
  readonly screens: Screens;
  readonly meter: Meter;
  readonly storage: StorageWatch;
  readonly offer: Offer;
  readonly link: Link;
}

function assemble({
  config,
  credentials,
  clock,
  store,
  adb,
  source,
  logger,
  providers,
}: Assembly): Parts {
  const parts = { ...config, store, adb, providers, clock, source, logger };
  const fleet: Fleet = new Fleet({ ...parts, isLinked: () => link.linked });
  const files = createHubFiles({
    hubUrl: credentials.hubUrl,
    dir: path.join(config.dataDir, "apks"),
  });
  const tokenOf = (deviceId: Id): number | null => leaseTokenOf(store, deviceId);
  const tunnels = new Tunnels({ hubUrl: credentials.hubUrl, logger, tokenOf });
  const recordingDaysOf = (deviceId: Id): number | null =>
    store.read((tx) => tx.device(deviceId))?.desired.recordingDays ?? null;
  const surroundings = { config, fleet, store, source, tokenOf, recordingDaysOf, logger };
  const screens = openScreens(surroundings);
  const handlers = allHandlers;
  const runner = new CommandRunner({ ...parts, fleet, files, tunnels, screens, handlers });
  const meter = new Meter({
    store,
    clock,
    logger,
    aliveAt: (deviceId, instanceId) => fleet.find(deviceId)?.aliveAt(instanceId) ?? null,
    onLeaseOver: (deviceId) => {
      tunnels.fence(deviceId);
      fleet.find(deviceId)?.urge();
    },
  });
  const { hostId } = credentials;
  const offer = new Offer({ hostId, store, providers, source, logger });
  const storage = new StorageWatch({ store, offer, logger, onRoom: fleet.hint });
  const complain = complainTo(logger);
  const link: Link = createLink({
    hostId,
    secret: credentials.secret,
    mqtt: credentials.mqtt,
    agentVersion,
    store,
    clock,
    logger,
    batteries: () => fleet.batteries(),
    onDesired: (desired) =>
      void fleet
        .take(desired)
        .then(() => {
          tunnels.fence(desired.deviceId);
          screens.heedPolicy(desired.deviceId);
        })
        .catch(complain),
    onCommand: (command) => void runner.take(command).catch(complain),
  });
  return { fleet, runner, tunnels, screens, meter, storage, offer, link };
}

const complainTo =
  (logger: Logger) =>
  (error: unknown): void => {
    logger.error(
      { err: error },
      "what the hub said could not be stored; it says it again when the link opens anew",
    );
  };

/** The fencing token under which a device may be used now: 0 without a lease, null when its lease is over or the device is gone. */
function leaseTokenOf(store: OpenStore, deviceId: Id): number | null {
  const row = store.read((tx) => tx.device(deviceId));
  return row && !isOver(row) ? (row.desired.lease?.token ?? 0) : null;
}

/** Runs that were open when the agent last ended go on when the very same instance still runs; the others end at their last confirmed second. */
async function recoverRuns(
  store: OpenStore,
  providers: ReadonlyMap<string, Provider>,
  clock: MonoClock,
): Promise<void> {
  for (const run of store.read((tx) => tx.runs())) {
    const row = store.read((tx) => tx.device(run.deviceId));
    const provider = providers.get(row?.desired.spec.provider ?? "");
    const seen =
      row?.handle && provider
        ? await provider
            .observe(row.handle, { signal: AbortSignal.timeout(10_000) })
            .catch(() => null)
        : null;
    const same =
      run.bootId === clock.bootId &&
      seen?.state === "running" &&
      seen.instanceId === run.instanceId;
    if (!same)
      await store.transaction((tx) =>
        closeRun(tx, run, { reason: "interrupted", durationMs: run.confirmedMs }),
      );
  }
}

async function sayStarted(host: {
  config: AgentConfig;
  credentials: Credentials;
  clock: MonoClock;
  store: OpenStore;
  offer: Offer;
  source: Source;
}): Promise<ProviderReport[]> {
  const { credentials, clock, store, source } = host;
  const providers = await host.offer.reports();
  const { hostId } = credentials;
  const data = {
    ...{ hostId, epoch: store.epoch, bootId: clock.bootId, agentVersion, providers },
    recordingDays: host.config.recordings.days,
  };
  const cause = { correlationId: source.id(), causationId: null };
  await store.transaction((tx) => tx.emit({ type: "host.started", subject: hostId, data }, cause));
  return providers;
}

interface Stopping extends Parts {
  readonly store: OpenStore;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly credentials: Credentials;
  readonly source: Source;
  readonly clock: MonoClock;
  /** Providers given from outside are closed there. */
  readonly own: boolean;
}

async function stopAll(agent: Stopping): Promise<void> {
  const { store, clock, source } = agent;
  const { hostId } = agent.credentials;
  await agent.runner.stop();
  await agent.tunnels.stop();
  await agent.screens.stop();
  await agent.fleet.stop();
  agent.meter.stop();
  await agent.storage.stop();
  await agent.offer.stop();
  await agent.meter.mark().catch(() => undefined);
  if (agent.own) {
    for (const provider of agent.providers.values()) await provider.close();
    // Phones that lived in this process are off now: their runs end here, not at some later start.
    await recoverRuns(store, agent.providers, clock);
  }
  const cause = { correlationId: source.id(), causationId: null };
  await store
    .transaction((tx) =>
      tx.emit({ type: "host.stopped", subject: hostId, data: { hostId } }, cause),
    )
    .catch(() => undefined);
  await agent.link.flush(3000);
  await agent.link.stop();
  await store.close();
}
