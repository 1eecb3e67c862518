import type { Readable } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import Docker from "dockerode";
import type { DockerConfig } from "./config.ts";
import { connectionOf } from "./connection.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { CreateOptions } from "./create-options.ts";
import { saidBy, statusOf, toEngineFault } from "./engine-faults.ts";
import { parseImage } from "./images.ts";

/** What the provider needs to know of a container. */
export interface Container {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** created, running, paused, restarting, removing, exited, dead */
  readonly status: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly error: string;
  readonly memoryBytes: number;
  /** By container port ("5555/tcp"): where it is published. */
  readonly ports: Readonly<Record<string, { readonly HostIp: string; readonly HostPort: string }>>;
}

export interface Volume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Machine {
  readonly version: string;
  readonly architecture: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface EngineEvent {
  readonly action: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeNano: number;
}

const callMs = 20_000;

/**
 * One Docker daemon: the only file that knows dockerode. Each call has a deadline and rejects with a Fault; the few refusals that a caller acts upon
 * are return values. Calls are idempotent as the provider's are: what is there already, or gone already, is success.
 */
export class Engine {
  readonly host: string;
  readonly #docker: Docker;
  readonly #networks = new Map<string, Promise<void>>();

  constructor(config: Pick<DockerConfig, "host" | "tlsDir">) {
    this.host = config.host;
    this.#docker = new Docker(connectionOf(config));
  }

  async machine(signal: AbortSignal): Promise<Machine> {
    const info = await this.#call(signal, (abortSignal) => {
      const ask = this.#docker.info as (options: object) => Promise<Record<string, unknown>>;
      return ask.call(this.#docker, { abortSignal });
    });
    return {
      version: String(info.ServerVersion),
      architecture: String(info.Architecture),
      memoryBytes: Number(info.MemTotal),
      cpus: Number(info.NCPU),
    };
  }

  /** All containers with the label, in whatever state. */
  async containers(
    label: string,
    signal: AbortSignal,
  ): Promise<Pick<Container, "id" | "labels">[]> {
    const found = await this.#call(signal, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters: { label: [label] }, abortSignal }),
    );
    return found.map((one) => ({ id: one.Id, labels: one.Labels }));
  }

  async volumes(label: string, signal: AbortSignal): Promise<Volume[]> {
    const { Volumes } = await this.#call(signal, (abortSignal) =>
      this.#docker.listVolumes({ filters: { label: [label] }, abortSignal }),
    );
    // Docker answers null, not an empty list, when there is none.
    return (Volumes ?? []).map((one) => ({ name: one.Name, labels: one.Labels ?? {} }));
  }

  async inspect(name: string, signal: AbortSignal): Promise<Container | null> {
    const seen = await this.#call(signal, (abortSignal) =>
      this.#docker.getContainer(name).inspect({ abortSignal }).catch(orNull(404)),
    );
    return seen && describe(seen);
  }

  async create(
    options: CreateOptions | CopyOptions,
    signal: AbortSignal,
  ): Promise<"created" | "exists" | "no-image"> {
    return this.#call(signal, async (abortSignal) => {
      try {
        await this.#docker.createContainer({
          ...(options as unknown as Docker.ContainerCreateOptions),
          abortSignal,
        });
        return "created";
      } catch (error) {
        if (statusOf(error) === 409) return "exists";
        if (statusOf(error) === 404 && /no such image/i.test(saidBy(error))) return "no-image";
        throw error;
      }
    });
  }

  async start(
    name: string,
    signal: AbortSignal,
  ): Promise<"started" | "missing" | "outdated" | "paused"> {
    return this.#call(signal, async (abortSignal) => {
      try {
        await this.#docker.getContainer(name).start({ abortSignal });
        return "started";
      } catch (error) {
        if (statusOf(error) === 304) return "started";
        // Its port is somebody else's now, or somebody has cleared away its network while all phones were off.
        if (
          /port is already allocated|address already in use|network \S+ not found/i.test(
            saidBy(error),
          )
        )
          return "outdated";
        if (/cannot start a paused container/i.test(saidBy(error))) return "paused";
        if (statusOf(error) === 404 && /no such container/i.test(saidBy(error))) return "missing";
        throw error;
      }
    });
  }

  async unpause(name: string, signal: AbortSignal): Promise<void> {
    await this.#call(signal, (abortSignal) =>
      this.#docker
        .getContainer(name)
        .unpause({ abortSignal })
        .catch((error: unknown) => {
          if (!/not paused/i.test(saidBy(error))) throw error;
        }),
    );
  }

  /** SIGTERM, and SIGKILL a second later: Android's init, as any pid 1 that does not handle it, ignores the first. */
  async stop(name: string, signal: AbortSignal): Promise<void> {
    await this.#call(signal, (abortSignal) =>
      this.#docker.getContainer(name).stop({ t: 1, abortSignal }).catch(orNull(304, 404)),
    );
  }

  /** By force, running or not. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#call(signal, (abortSignal) =>
      this.#docker
        .getContainer(name)
        .remove({ force: true, v: true, abortSignal })
        .catch((error: unknown) => {
          if (statusOf(error) === 404) return;
          // Another call is removing it already.
          if (statusOf(error) === 409 && /removal .* in progress/i.test(saidBy(error))) return;
          throw error;
        }),
    );
  }

  /** Waits, as long as the signal lets it, until the container has ended. */
  async exitCode(name: string, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    try {
      const ended: unknown = await this.#docker.getContainer(name).wait({ abortSignal: signal });
      return (ended as { StatusCode: number }).StatusCode;
    } catch (error) {
      signal.throwIfAborted();
      throw toEngineFault(error, this.host);
    }
  }

  /** Makes it, or finds the one of that name; its labels are then those of the one found. */
  async ensureVolume({ name, labels }: Volume, signal: AbortSignal): Promise<Volume> {
    const made = await this.#call(signal, async (abortSignal) => {
      const volume = await this.#docker.createVolume({
        Name: name,
        Labels: { ...labels },
        abortSignal,
      });
      return volume.inspect({ abortSignal });
    });
    return { name: made.Name, labels: made.Labels ?? {} };
  }

  async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    await this.#call(signal, (abortSignal) =>
      this.#docker.getVolume(name).remove({ abortSignal }).catch(orNull(404)),
    );
  }

  /** A bridge whose members can't reach each other: adb of one phone must not be open to the next. */
  ensureNetwork(network: { name: string; subnet: string }, signal: AbortSignal): Promise<void> {
    const { name } = network;
    const begun = this.#networks.get(name);
    if (begun) return begun;
    const making = this.#makeNetwork(network, signal).finally(() => this.#networks.delete(name));
    this.#networks.set(name, making);
    return making;
  }

  /** Docker lets two networks have one name, and can't tell them apart then: of those made at the same instant only the oldest stays. */
  async #makeNetwork(
    { name, subnet }: { name: string; subnet: string },
    signal: AbortSignal,
  ): Promise<void> {
    const find = (): Promise<Docker.NetworkInspectInfo[]> =>
      this.#call(signal, async (abortSignal) => {
        const filters = { name: [name] };
        const found = await this.#docker.listNetworks({ filters, abortSignal });
        return found.filter((network) => network.Name === name);
      });
    if ((await find()).length === 1) return;
    await this.#call(signal, (abortSignal) =>
      this.#docker
        .createNetwork({
          Name: name,
          CheckDuplicate: true,
          Driver: "bridge",
          IPAM: { Driver: "default", Config: [{ Subnet: subnet }] },
          Options: { "com.docker.network.bridge.enable_icc": "false" },
          abortSignal,
        })
        .catch(orNull(409)),
    );
    const made = (await find()).toSorted((a, b) =>
      `${a.Created} ${a.Id}` < `${b.Created} ${b.Id}` ? -1 : 1,
    );
    for (const { Id } of made.slice(1))
      await this.#call(signal, () => this.#docker.getNetwork(Id).remove().catch(orNull(403, 404)));
  }

  async hasImage(image: string, signal: AbortSignal): Promise<boolean> {
    const found = await this.#call(signal, (abortSignal) => {
      const options = { abortSignal } as Docker.ImageInspectOptions;
      return this.#docker.getImage(image).inspect(options).catch(orNull(404));
    });
    return found !== null;
  }

  /** Progress as lines of JSON, until the image is here. Ends with the signal only: a large image takes its time. */
  pull(image: string, signal: AbortSignal): Promise<Readable> {
    return this.#open(signal, (abortSignal) =>
      this.#docker.createImage({ ...sourceOf(image), abortSignal }),
    );
  }

  /** What the daemon says about what carries the label, as lines of JSON, from `since` (seconds, with a fraction) on. */
  events(label: string, since: string, signal: AbortSignal): Promise<Readable> {
    return this.#open(signal, (abortSignal) =>
      this.#docker.getEvents({
        // A fraction is lost in a number: it is passed on as it is written.
        since: since as unknown as number,
        filters: { type: ["container"], label: [label] },
        abortSignal,
      }),
    );
  }

  /** The last lines that the container printed; bounded by the rotation that our containers' logs have. */
  async logTail(name: string, lines: number, signal: AbortSignal): Promise<string> {
    const tail = await this.#call(signal, (abortSignal) =>
      this.#docker
        .getContainer(name)
        .logs({ stdout: true, stderr: true, follow: false, tail: lines, abortSignal })
        .catch(orNull(404)),
    );
    // The client takes what happens to be JSON apart.
    return Buffer.isBuffer(tail) ? tail.toString("utf8") : JSON.stringify(tail ?? "");
  }

  async #call<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    // Not AbortSignal.timeout: it would keep every look at a container in memory for the whole deadline.
    const over = new AbortController();
    const ended = Promise.withResolvers<never>();
    const end = (why: unknown): void => {
      over.abort(why);
      // Also for a call that does not heed its signal.
      ended.reject(why);
    };
    const late = setTimeout(() => end(this.#silence()), callMs);
    const abort = (): void => end(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([work(over.signal), ended.promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw over.signal.aborted ? this.#silence(error) : toEngineFault(error, this.host);
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
    }
  }

  #silence(cause?: unknown): Fault {
    const said = `Docker at ${this.host} did not answer within ${callMs / 1000} s.`;
    return new Fault("timed_out", said, { cause });
  }

  /** A stream's opening has the same deadline as a call; the stream itself ends with the signal. */
  async #open(
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<NodeJS.ReadableStream>,
  ): Promise<Readable> {
    signal.throwIfAborted();
    const opening = new AbortController();
    const timer = setTimeout(() => opening.abort(), callMs);
    try {
      const stream = (await work(AbortSignal.any([signal, opening.signal]))) as Readable;
      stream.on("error", () => undefined);
      signal.addEventListener("abort", () => stream.destroy(), { once: true });
      return stream;
    } catch (error) {
      signal.throwIfAborted();
      throw toEngineFault(error, this.host);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Without a tag Docker would fetch every tag there is. */
function sourceOf(image: string): { fromImage: string; tag: string } {
  const { repository, tag, digest } = parseImage(image);
  return { fromImage: repository, tag: digest ?? tag ?? "latest" };
}

const orNull =
  (...statuses: readonly number[]) =>
  (error: unknown): null => {
    if (statuses.includes(statusOf(error) ?? 0)) return null;
    throw error;
  };

function describe(seen: Docker.ContainerInspectInfo): Container {
  const { State, Config, HostConfig } = seen;
  const bindings = HostConfig.PortBindings as Record<
    string,
    { HostIp: string; HostPort: string }[] | null
  > | null;
  return {
    id: seen.Id,
    labels: Config.Labels,
    status: State.Status,
    startedAt: State.StartedAt,
    finishedAt: State.FinishedAt,
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    error: State.Error,
    memoryBytes: HostConfig.Memory ?? 0,
    ports: Object.fromEntries(
      Object.entries(bindings ?? {}).flatMap(([port, published]) =>
        published?.[0] ? [[port, published[0]]] : [],
      ),
    ),
  };
}
