import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Desired, DeviceSpec } from "@cloudphone/shared/device";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Id } from "@cloudphone/shared/ids";
import { pino } from "pino";
import type { Adb } from "../../../adb/adb.ts";
import { createAdb } from "../../../adb/open.ts";
import { Fleet } from "../../../devices/fleet.ts";
import { systemSource } from "../../../source.ts";
import { type OpenStore, openStore } from "../../../store/open.ts";
import { systemClock } from "../../../usage/clock.ts";
import { Meter } from "../../../usage/meter.ts";
import { type RealAdb, startRealAdb } from "../../simulated/real-adb.ts";
import { type DockerConfig, dockerConfigSchema } from "../config.ts";
import { adbPort, containerName } from "../create-options.ts";
import { DockerProvider } from "../provider.ts";
import { images, TestDockerd, type TestDockerdOptions } from "./dockerd.ts";

type Happened = EventDraft & { readonly occurredAt: string };

interface Running {
  readonly store: OpenStore;
  readonly fleet: Fleet;
  readonly meter: Meter;
  readonly adb: Adb;
  readonly provider: DockerProvider;
}

export interface TestHostOptions extends TestDockerdOptions {
  readonly bootDeadlineMs?: number;
  readonly strayGraceMs?: number;
}

export const containerSpec: DeviceSpec = {
  ...samplePhone,
  provider: "docker",
  image: images.good,
  memoryMiB: 128,
};

/** The production store, fleet, meter, adb edge and Docker provider over a Docker daemon and an adb server of their own: an agent without its link. */
export class TestHost implements AsyncDisposable {
  readonly docker: TestDockerd;
  readonly adbServer: RealAdb;
  readonly #dir: string;
  readonly #options: TestHostOptions;
  readonly #revisions = new Map<Id, number>();
  #running: Running;
  /** What the hub would have heard: it is taken out of the outbox, as an ack does. */
  readonly #heard: Happened[] = [];
  readonly #firstRuns = new Map<Id, number>();

  private constructor(parts: {
    docker: TestDockerd;
    adbServer: RealAdb;
    dir: string;
    options: TestHostOptions;
  }) {
    this.docker = parts.docker;
    this.adbServer = parts.adbServer;
    this.#dir = parts.dir;
    this.#options = parts.options;
    this.#running = this.#begin();
  }

  static async start(options: TestHostOptions = {}): Promise<TestHost> {
    const [docker, adbServer, dir] = await Promise.all([
      TestDockerd.start(options),
      startRealAdb(),
      mkdtemp(path.join(tmpdir(), "cloudphone-host-")),
    ]);
    return new TestHost({ docker, adbServer, dir, options });
  }

  get fleet(): Fleet {
    return this.#running.fleet;
  }

  get provider(): DockerProvider {
    return this.#running.provider;
  }

  get config(): DockerConfig {
    return dockerConfigSchema.parse({
      host: this.docker.host,
      images: [images.repository],
      subnet: this.docker.subnet,
      ...this.docker.ports,
      adbPort: this.adbServer.port,
      restart: "no",
    });
  }

  /** What the hub wants now; the rest is as it was, or a phone that should run and that nobody has. */
  async want(deviceId: Id, change: Partial<Desired> = {}): Promise<void> {
    const revision = (this.#revisions.get(deviceId) ?? 0) + 1;
    this.#revisions.set(deviceId, revision);
    const known = this.#running.store.read((tx) => tx.device(deviceId))?.desired;
    await this.fleet.take({
      v: 1,
      deviceId,
      hostId: deviceId,
      name: `phone-${deviceId.slice(-6)}`,
      existence: "present",
      power: "running",
      spec: containerSpec,
      token: 0,
      lease: null,
      correlationId: deviceId,
      ...known,
      ...change,
      revision,
    });
  }

  /** A phone that runs under a lease. */
  async running(change: Partial<Desired> = {}): Promise<Id> {
    const deviceId = randomUUID();
    await this.want(deviceId, { ...leased(1), ...change });
    await this.next(deviceId, "device.started");
    return deviceId;
  }

  state(deviceId: Id): { state: string; reason: string | null } | null {
    const row = this.#running.store.read((tx) => tx.device(deviceId));
    return row && { state: row.state, reason: row.reason };
  }

  /** The port that the phone's adb is published on now. */
  async published(deviceId: Id): Promise<number> {
    const port = await this.docker.docker("port", containerName(deviceId), adbPort);
    return Number(port.split(":").at(-1));
  }

  /** When its first run began, on the wall clock. */
  startedAt(deviceId: Id): number {
    return this.#firstRuns.get(deviceId) ?? 0;
  }

  /** Resolves once a look at the phone has found it as it should be. */
  async settled(
    deviceId: Id,
    { deadlineMs }: { deadlineMs: number },
  ): Promise<{ state: string; reason: string | null }> {
    const row = this.#running.store.read((tx) => tx.device(deviceId));
    const look = async (): Promise<{ state: string; reason: string | null } | null> => {
      const now = this.state(deviceId);
      if (!row?.handle || now?.state !== "running") return null;
      const signal = AbortSignal.timeout(2000);
      const seen = await this.provider.observe(row.handle, { signal }).catch(() => null);
      const run = this.#running.store.read((tx) => tx.run(deviceId));
      return seen?.state === "running" && run?.instanceId === seen.instanceId ? now : null;
    };
    return this.eventually(look, deadlineMs);
  }

  /** Resolves once nothing of the device is left out there. */
  async gone(deviceId: Id): Promise<void> {
    const look = async (): Promise<true | null> => {
      const found = await this.provider.list({ signal: AbortSignal.timeout(5000) });
      return found.some((device) => device.deviceId === deviceId) ? null : true;
    };
    await this.eventually(look, 60_000);
  }

  /** Asks again until it has an answer; what it throws counts as none. */
  async eventually<T>(look: () => Promise<T | null>, deadlineMs: number): Promise<T> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const failure: { cause?: unknown } = {};
      const seen = await look().catch((cause: unknown) => {
        failure.cause = cause;
        return null;
      });
      if (seen !== null) return seen;
      if (performance.now() > until) throw new Error(`not in ${deadlineMs} ms`, failure);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  events(deviceId: Id): readonly Happened[] {
    this.#hear();
    return this.#heard.filter((event) => event.subject === deviceId);
  }

  /** The next event of the type that nobody has waited for yet; fails after `deadlineMs`. */
  async next<T extends Happened["type"]>(
    deviceId: Id,
    type: T,
    { deadlineMs = 60_000, where = (_event: Extract<Happened, { type: T }>): boolean => true } = {},
  ): Promise<Extract<Happened, { type: T }>> {
    const find = (): Extract<Happened, { type: T }> | null => {
      this.#hear();
      const index = this.#heard.findIndex(
        (event) =>
          event.subject === deviceId &&
          event.type === type &&
          where(event as Extract<Happened, { type: T }>),
      );
      if (index === -1) return null;
      return this.#heard.splice(index, 1)[0] as Extract<Happened, { type: T }>;
    };
    const found = Promise.withResolvers<Extract<Happened, { type: T }>>();
    const look = (): void => {
      const event = find();
      if (event) found.resolve(event);
    };
    using _listening = this.#running.store.outbox.onAppended(look);
    const late = setTimeout(() => {
      const state = JSON.stringify(this.state(deviceId));
      const heard = this.events(deviceId).map((event) => JSON.stringify(event.data));
      found.reject(
        new Error(`no ${type} of ${deviceId} in ${deadlineMs} ms: ${state} ${heard.join(" ")}`),
      );
    }, deadlineMs);
    look();
    try {
      return await found.promise;
    } finally {
      clearTimeout(late);
    }
  }

  /** The agent ends and begins again; `forget`: on an empty disk. */
  async restart({ forget = false } = {}): Promise<void> {
    await this.#end();
    if (forget) await rm(this.#dir, { recursive: true });
    this.#running = this.#begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await this.adbServer[Symbol.asyncDispose]();
    await this.docker[Symbol.asyncDispose]();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #begin(): Running {
    const { bootDeadlineMs = 20_000, strayGraceMs = 600_000 } = this.#options;
    const logger = pino({ level: process.env.CLOUDPHONE_LOG_LEVEL ?? "silent" });
    const source = systemSource;
    const clock = systemClock();
    const store = openStore(path.join(this.#dir, "agent.db"), { source, logger });
    const provider = new DockerProvider({ config: this.config, owner: "test", logger });
    provider.open();
    const adb = createAdb();
    const providers = new Map([[provider.kind, provider]]);
    const fleet = new Fleet({
      ...{ store, adb, providers, clock, source, logger, bootDeadlineMs, strayGraceMs },
      isLinked: () => true,
    });
    const meter = new Meter({
      ...{ store, clock, logger },
      aliveAt: (deviceId, instanceId) => fleet.find(deviceId)?.aliveAt(instanceId) ?? null,
      onLeaseOver: (deviceId) => fleet.find(deviceId)?.urge(),
    });
    fleet.start();
    meter.start();
    return { store, fleet, meter, adb, provider };
  }

  async #end(): Promise<void> {
    const { store, fleet, meter, adb, provider } = this.#running;
    await fleet.stop();
    meter.stop();
    await adb.close();
    await provider.close();
    await store.close();
  }

  #hear(): void {
    const { outbox } = this.#running.store;
    for (const row of outbox.readAfter(0, { maxRows: 10_000, maxBytes: 1e8 })) {
      const event = JSON.parse(row.event) as Happened;
      this.#heard.push(event);
      if (event.type === "device.started" && !this.#firstRuns.has(event.subject))
        this.#firstRuns.set(event.subject, Date.parse(event.occurredAt));
      outbox.acked(row.seq);
    }
  }
}

/** A lease of the given token, without an end. */
export function leased(token: number): Pick<Desired, "token" | "lease"> {
  const [leaseId, orderId, userId] = [randomUUID(), randomUUID(), randomUUID()];
  return { token, lease: { leaseId, orderId, userId, token, remainingMs: null } };
}
