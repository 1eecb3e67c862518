import { randomBytes } from "node:crypto";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import { Fault, toFault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { CallOptions, Handle, Observation, Provider } from "../provider.ts";
import type { DockerConfig } from "./config.ts";
import { isLocal } from "./connection.ts";
import {
  type CreateOptions,
  containerName,
  createOptions,
  type Gpu,
  volumeName,
} from "./create-options.ts";
import { type Container, Engine, type EngineEvent, type Volume } from "./engine.ts";
import { Addresses } from "./addresses.ts";
import { Copies, isRecord } from "./copies.ts";
import { currentVolume } from "./data-volumes.ts";
import { EventFeed } from "./event-feed.ts";
import { findGpu } from "./gpu.ts";
import {
  addressLabel,
  type DockerHandle,
  dataBaseLabel,
  deviceLabel,
  generationOf,
  handleOf,
  identityLabel,
  kind,
  labelsOf,
  ownerLabel,
  portOf,
  readHandle,
} from "./labels.ts";
import { observation } from "./observe.ts";
import { Ports } from "./ports.ts";
import { Pulls } from "./pulls.ts";
import { ContainerSnapshots } from "./snapshots.ts";
import { fingerprint } from "./fingerprint.ts";

export interface DockerOptions {
  readonly config: DockerConfig;
  /** Whose containers these are: the host's id. */
  readonly owner: string;
  readonly logger: Logger;
}

/** A device as its container is to be made; the generation is null when it is not known which of its volumes counts. */
type Wish = Pick<DockerHandle, "deviceId" | "name" | "spec"> & {
  readonly generation: number | null;
};

const startTries = 3;
const clearMs = 60_000;
const logLines = 20;

/**
 * Android in containers (redroid). A device is a container `cloudphone-<device>` and a volume `cloudphone-<device>-data`; the volume holds all that the phone
 * keeps and carries its identity as a label, so the container can be made anew at any time, and a wipe is another volume. Docker keeps the truth: this class
 * holds only what is under way.
 */
export class DockerProvider implements Provider {
  readonly kind = kind;
  readonly #options: DockerOptions;
  readonly #engine: Engine;
  readonly #ports: Ports;
  readonly #addresses: Addresses;
  readonly #pulls: Pulls;
  readonly #feed: EventFeed;
  readonly #watchers = new Set<(deviceId: Id | null) => void>();
  readonly #pausedAtMs = new Map<Id, number>();
  readonly #gpu: Gpu;
  readonly #driver: string | null;
  readonly #copies: Copies;
  /** Not of phones over a shared base. */
  readonly snapshots?: ContainerSnapshots;

  constructor(options: DockerOptions) {
    const { config, owner, logger } = options;
    this.#options = options;
    this.#engine = new Engine(config);
    this.#ports = new Ports(config, { probe: isLocal(config.host) });
    this.#addresses = new Addresses(config.subnet);
    const hint = (event: EngineEvent | null): void => this.#take(event);
    this.#feed = new EventFeed({
      engine: this.#engine,
      label: `${ownerLabel}=${owner}`,
      logger,
      now: Date.now,
      onEvent: hint,
    });
    this.#pulls = new Pulls({ engine: this.#engine, logger, onPulled: () => hint(null) });
    this.#copies = new Copies({
      engine: this.#engine,
      missingImage: (image) => this.#pulls.missing(image),
    });
    if (config.dataBase === null)
      this.snapshots = new ContainerSnapshots({
        ...{ engine: this.#engine, copies: this.#copies, owner },
        stopped: (device, signal) => this.#stopped(device, signal),
      });
    const found = isLocal(config.host)
      ? findGpu()
      : { gpu: { mode: "guest" as const }, driver: null };
    this.#driver = found.driver;
    this.#gpu = config.gpu === "guest" ? { mode: "guest" } : found.gpu;
  }

  /** Listens to Docker, fetches the images that are wanted ahead and clears away half-made snapshots; none needs Docker to be there yet. */
  open(): void {
    this.#feed.start();
    const { config, logger } = this.#options;
    this.snapshots?.clear(AbortSignal.timeout(clearMs)).catch((error: unknown) => {
      // Tried again with the next snapshot.
      logger.debug({ reason: toFault(error).message }, "half-made snapshots were not looked for");
    });
    this.#pulls.ahead(config.pull).catch((error: unknown) => {
      logger.warn({ reason: toFault(error).message }, "images could not be fetched ahead");
    });
  }

  fingerprint(): Promise<ProviderReport> {
    const { config } = this.#options;
    return fingerprint({ engine: this.#engine, config, gpu: this.#gpu, driver: this.#driver });
  }

  /** Also volumes without a container: what a create or a wipe that was cut off left. */
  async list({ signal }: CallOptions): Promise<{ deviceId: Id; handle: Handle }[]> {
    const mine = `${ownerLabel}=${this.#options.owner}`;
    const found = new Map<Id, DockerHandle>();
    const all = [
      ...(await this.#engine.volumes(mine, signal)),
      ...(await this.#engine.containers(mine, signal)),
    ];
    for (const { labels } of all) {
      const handle = handleOf(labels);
      if (handle) found.set(handle.deviceId, handle);
    }
    return [...found].map(([deviceId, handle]) => ({ deviceId, handle }));
  }

  async create(
    device: Pick<DockerHandle, "deviceId" | "name" | "spec">,
    { signal }: CallOptions,
  ): Promise<Handle> {
    const known = await this.#engine.inspect(containerName(device.deviceId), signal);
    return known
      ? adopt(known, device.deviceId)
      : this.#make({ ...device, generation: null }, signal);
  }

  async start(handle: Handle, { signal }: CallOptions): Promise<void> {
    const device = readHandle(handle);
    const name = containerName(device.deviceId);
    await this.#renewed(device, signal);
    for (let tries = 1; tries <= startTries; tries++) {
      const outcome = await this.#engine.start(name, signal);
      switch (outcome) {
        case "started":
          return;
        case "missing":
          throw new Fault("not_found", "The phone's container is not there any more.");
        case "paused":
          return this.#engine.unpause(name, signal);
        case "outdated":
          // All that the phone keeps is on its volume: a new container takes another port.
          await this.#engine.remove(name, signal);
          await this.#make(device, signal);
      }
    }
    throw new Fault(
      "unavailable",
      "Neither port nor network for the phone could be had; it is tried again.",
    );
  }

  async stop(handle: Handle, { signal }: CallOptions): Promise<void> {
    const name = containerName(readHandle(handle).deviceId);
    const seen = await this.#engine.inspect(name, signal);
    // What is frozen hears no signal, not even SIGKILL.
    if (seen?.status === "paused") await this.#engine.unpause(name, signal);
    if (seen) await this.#engine.stop(name, signal);
  }

  async wipe(handle: Handle, options: CallOptions): Promise<Handle> {
    const device = readHandle(handle);
    await this.destroy(handle, options);
    return this.#make({ ...device, generation: null }, options.signal);
  }

  async destroy(handle: Handle, { signal }: CallOptions): Promise<void> {
    const { deviceId } = readHandle(handle);
    await this.#engine.remove(containerName(deviceId), signal);
    for (const { name } of await this.#volumes(deviceId, signal))
      await this.#copies.remove(name, signal);
    await this.#engine.removeVolume(volumeName(deviceId), signal);
    this.#pausedAtMs.delete(deviceId);
  }

  async observe(handle: Handle, { signal }: CallOptions): Promise<Observation> {
    const { deviceId } = readHandle(handle);
    const container = await this.#engine.inspect(containerName(deviceId), signal);
    return observation(container, {
      nowMs: Date.now(),
      pausedAtMs: this.#pausedAtMs.get(deviceId) ?? null,
      adbServerPort: this.#options.config.adbPort,
    });
  }

  /** The end of the container's log. */
  async explain(handle: Handle, { signal }: CallOptions): Promise<string> {
    const name = containerName(readHandle(handle).deviceId);
    return (await this.#engine.logTail(name, logLines, signal)).trim();
  }

  watch(onHint: (deviceId: Id | null) => void): Disposable {
    this.#watchers.add(onHint);
    return { [Symbol.dispose]: () => this.#watchers.delete(onHint) };
  }

  async close(): Promise<void> {
    this.#watchers.clear();
    this.#pulls.stop();
    await this.#feed.stop();
  }

  /** Its data volumes, whole or not. */
  async #volumes(deviceId: Id, signal: AbortSignal): Promise<Volume[]> {
    const volumes = await this.#engine.volumes(`${deviceLabel}=${deviceId}`, signal);
    return volumes.filter((volume) => !isRecord(volume));
  }

  /** A container that is off and has another volume than the handle says, for a snapshot was restored since, is made anew. */
  async #renewed(device: DockerHandle, signal: AbortSignal): Promise<Container | null> {
    const name = containerName(device.deviceId);
    const seen = await this.#engine.inspect(name, signal);
    const on = seen?.status !== "created" && seen?.status !== "exited" && seen?.status !== "dead";
    if (!seen || on || generationOf(seen.labels) === device.generation) return seen;
    await this.#engine.remove(name, signal);
    const { generation } = await this.#make(device, signal);
    for (const volume of await this.#volumes(device.deviceId, signal))
      if (generationOf(volume.labels) !== generation)
        await this.#copies.remove(volume.name, signal);
    return this.#engine.inspect(name, signal);
  }

  async #stopped(
    device: DockerHandle,
    signal: AbortSignal,
  ): Promise<readonly [Volume, ...Volume[]]> {
    const seen = await this.#renewed(device, signal);
    if (!seen) throw new Fault("not_found", "The phone's container is not there any more.");
    if (observation(seen, { nowMs: 0, pausedAtMs: null, adbServerPort: 0 }).state !== "stopped")
      throw new Fault("conflict", "The phone must be off for this.");
    const volumes = await this.#volumes(device.deviceId, signal);
    const generation = generationOf(seen.labels);
    const data = volumes.find(({ labels }) => generationOf(labels) === generation);
    if (!data) throw new Fault("not_found", "The phone's data is not there any more.");
    return [data, ...volumes.filter((volume) => volume !== data)];
  }

  /** Volume, then container: whatever is there of an earlier attempt is taken up. */
  async #make(
    { deviceId, name, spec, ...known }: Wish,
    signal: AbortSignal,
  ): Promise<DockerHandle> {
    const { config, owner } = this.#options;
    const [containers, volumes] = await Promise.all([
      this.#engine.containers(deviceLabel, signal),
      this.#engine.volumes(deviceLabel, signal),
    ]);
    const fresh = randomBytes(8).toString("hex");
    using port = await this.#ports.hold(new Set(containers.map(({ labels }) => portOf(labels))));
    using held = this.#addresses.hold(
      fresh,
      new Set(volumes.map(({ labels }) => labels[addressLabel] ?? "")),
    );
    const its = volumes.filter(({ labels }) => labels[deviceLabel] === deviceId);
    const generation = generationOf(currentVolume(its, known.generation)?.labels ?? {});
    const labels = labelsOf({ owner, deviceId, name, spec, port: port.port, generation });
    const wish = (kept: Readonly<Record<string, string>>): CreateOptions =>
      createOptions(
        {
          ...{ deviceId, name, spec, labels, port: port.port, generation, gpu: this.#gpu },
          identity: kept[identityLabel] ?? fresh,
          address: kept[addressLabel] ?? held.address,
          dataBase: kept[dataBaseLabel] ?? null,
        },
        config,
      );
    const volumeLabels = {
      ...labels,
      [identityLabel]: fresh,
      [addressLabel]: held.address,
      ...(config.dataBase === null ? {} : { [dataBaseLabel]: config.dataBase }),
    };
    // A spec that is refused leaves no volume behind.
    wish(volumeLabels);
    await this.#engine.ensureNetwork({ name: config.network, subnet: config.subnet }, signal);
    const volume = await this.#engine.ensureVolume(
      { name: volumeName(deviceId, generation), labels: volumeLabels },
      signal,
    );
    const options = wish(volume.labels);
    const outcome = await this.#engine.create(options, signal);
    if (outcome === "no-image") throw this.#pulls.missing(spec.image);
    const made = await this.#engine.inspect(containerName(deviceId), signal);
    if (!made) throw new Fault("unavailable", "The phone's container vanished as it was made.");
    return adopt(made, deviceId);
  }

  #take(event: EngineEvent | null): void {
    const deviceId = event?.labels[deviceLabel] ?? null;
    if (event && deviceId !== null) this.#note(deviceId, event);
    for (const watcher of this.#watchers) watcher(deviceId);
  }

  #note(deviceId: Id, { action, timeNano }: EngineEvent): void {
    if (action === "pause") this.#pausedAtMs.set(deviceId, timeNano / 1e6);
    else if (action === "unpause" || action === "start") this.#pausedAtMs.delete(deviceId);
    if (action === "oom" || action === "pause")
      this.#options.logger.warn({ deviceId, action }, "Docker told of a phone's container");
  }
}

/** The handle of a container that is there, when it is the device's. */
function adopt({ labels }: Container, deviceId: Id): DockerHandle {
  const handle = handleOf(labels);
  if (handle?.deviceId === deviceId) return handle;
  throw new Fault(
    "conflict",
    `There is a container ${containerName(deviceId)} that is not the phone's; rename or remove it.`,
  );
}
