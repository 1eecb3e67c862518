import { existsSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { once } from "node:events";
import path from "node:path";
import { containerName } from "@cloudphone/agent/providers/docker/create-options";
import {
  dockerMissing,
  images,
  TestDockerd,
} from "@cloudphone/agent/providers/docker/testing/dockerd";
import { containerSpec } from "@cloudphone/agent/providers/docker/testing/test-host";
import { type RealAdb, startRealAdb } from "@cloudphone/agent/providers/simulated/real-adb";
import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";

const lookMs = 10;
const deadlineMs = 120_000;

/** A platform on disk whose phones are containers of a Docker daemon of its own, and that daemon without the platform. */
export interface DockerCell extends AsyncDisposable {
  readonly agentPid: number;
  /** Names of so many devices more, made at once and all running. */
  create(count: number): Promise<string[]>;
  /** From the request until whoever asks the API reads that it runs, in ms. */
  start(device: string): Promise<number>;
  stop(device: string): Promise<void>;
  /** Until their containers are gone. */
  destroy(devices: readonly string[]): Promise<void>;
  /** A container like theirs that nobody looks after, started by Docker's API, until it says that it has booted, in ms; it is off again then. */
  bareStart(): Promise<number>;
  /** So many like them at once by `docker run`, until all have booted, in ms; they are gone again then. */
  bareRun(count: number): Promise<number>;
}

export async function openDockerCell(capacity: number): Promise<DockerCell> {
  const missing = dockerMissing();
  if (missing) throw new Error(missing);
  const [docker, adb] = await Promise.all([TestDockerd.start(), startRealAdb()]);
  const agent = {
    ...agentOf(docker, adb),
    CLOUDPHONE_DOCKER_CAPACITY: String(capacity),
    CLOUDPHONE_SIMULATED_CAPACITY: "0",
  };
  const cell = await Cell.start({ onDisk: true, env: { agent } });
  await cell.hostReady();
  return {
    agentPid: cell.pid("agent"),
    ...phonesOf(cell, docker),
    ...bareOf(docker),
    async [Symbol.asyncDispose]() {
      await cell[Symbol.asyncDispose]();
      await adb[Symbol.asyncDispose]();
      await docker[Symbol.asyncDispose]();
    },
  };
}

/** What tells an agent of that daemon and that adb server. */
export const agentOf = (docker: TestDockerd, adb: RealAdb): Record<string, string> => ({
  CLOUDPHONE_DOCKER_HOST: docker.host,
  CLOUDPHONE_DOCKER_IMAGES: images.repository,
  CLOUDPHONE_DOCKER_SUBNET: docker.subnet,
  CLOUDPHONE_DOCKER_FIRST_PORT: String(docker.ports.firstPort),
  CLOUDPHONE_DOCKER_LAST_PORT: String(docker.ports.lastPort),
  CLOUDPHONE_DOCKER_ADB_PORT: String(adb.port),
});

function phonesOf(
  cell: Cell,
  docker: TestDockerd,
): Pick<DockerCell, "create" | "start" | "stop" | "destroy"> {
  return {
    async create(count: number): Promise<string[]> {
      const made = await Promise.all(
        Array.from({ length: count }, () =>
          cell.admin.mutate<{ deviceId: string }>("devices.create", { spec: containerSpec }),
        ),
      );
      const ids = made.map(({ deviceId }) => deviceId);
      await Promise.all(ids.map((id) => cell.admin.mutate("devices.start", { device: id })));
      await Promise.all(ids.map((id) => reached(cell, id, "running")));
      return ids;
    },
    async start(name: string): Promise<number> {
      const begun = performance.now();
      await cell.admin.mutate("devices.start", { device: name });
      await reached(cell, name, "running");
      return performance.now() - begun;
    },
    async stop(name: string): Promise<void> {
      await cell.admin.mutate("devices.stop", { device: name });
      await reached(cell, name, "stopped");
    },
    async destroy(names: readonly string[]): Promise<void> {
      for (const name of names) await cell.admin.mutate("devices.destroy", { device: name });
      await eventually(
        async () => {
          const left = await docker.docker("ps", "-a", "--format", "{{.Names}}");
          return names.some((name) => left.includes(containerName(name))) ? null : true;
        },
        deadlineMs,
        "the end of the containers",
      );
    },
  };
}

function bareOf(docker: TestDockerd): Pick<DockerCell, "bareStart" | "bareRun"> {
  const flags = ["-t", "--privileged", "-m", "128m", "-p", "127.0.0.1::5555"];
  const booted = async (name: string): Promise<void> => {
    const pid = await docker.docker("inspect", "-f", "{{.State.Pid}}", name);
    await when(() => existsSync(`/proc/${pid}/root/dev/props/sys.boot_completed`), name);
  };
  return {
    async bareStart() {
      const name = "bare";
      if ((await docker.docker("ps", "-aq", "-f", `name=^${name}$`)) === "")
        await docker.docker("create", ...flags, "--name", name, "-v", `${name}:/data`, images.good);
      const begun = performance.now();
      await post(docker, `/containers/${name}/start`);
      await booted(name);
      const took = performance.now() - begun;
      await docker.docker("stop", "-t", "1", name);
      return took;
    },
    async bareRun(count) {
      const names = Array.from({ length: count }, (_, n) => `bare-${n}`);
      const begun = performance.now();
      await Promise.all(
        names.map(async (name) => {
          await docker.docker(
            "run",
            "-d",
            ...flags,
            "--name",
            name,
            "-v",
            `${name}:/data`,
            images.good,
          );
          await booted(name);
        }),
      );
      const took = performance.now() - begun;
      await docker.docker("rm", "-f", ...names);
      await docker.docker("volume", "rm", ...names);
      return took;
    },
  };
}

async function reached(cell: Cell, device: string, state: string): Promise<true> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const seen = await cell.admin.query<{ state: string }>("devices.show", { device });
    if (seen.state === state) return true;
    if (performance.now() > until)
      throw new Error(`${device} is ${seen.state}, not ${state}: ${await cell.account()}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

async function when(holds: () => boolean, what: string): Promise<void> {
  const until = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`${what} did not boot`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

async function post(docker: TestDockerd, url: string): Promise<void> {
  const socketPath = path.join(docker.dir, "sock");
  const sent = request({ socketPath, method: "POST", path: url, timeout: 30_000 }).end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  answer.resume();
  if ((answer.statusCode ?? 500) >= 400) throw new Error(`Docker: ${answer.statusCode} for ${url}`);
}
