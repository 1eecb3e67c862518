import { byHand, type Check, fail, ok, safely, skipped, warn } from "../check.ts";

const why = "The agent makes, starts and wipes containers through Docker's socket.";

const elsewhere = skipped("on another machine: run the doctor there");

/** What the provider asks of Docker: the API of 19.03. */
const oldestApi = "1.40";

const daemon: Check = {
  id: "docker.daemon",
  looksAt: "Docker",
  kinds: ["docker"],
  async look(system, { dockerSocket }) {
    if (dockerSocket === null) return elsewhere;
    const answer = await system.http({ url: "http://docker/version", socketPath: dockerSocket });
    if ("error" in answer) return unreachable(answer.error, dockerSocket, system.self.user);
    const version = parse(answer.body);
    if (!version) return fail({ says: `${dockerSocket} does not speak as Docker does`, why });
    const says = `${version.Version}, API ${version.ApiVersion}`;
    if (older(version.ApiVersion, oldestApi))
      return fail({
        says,
        why: `The agent needs API ${oldestApi} (Docker 19.03) or newer.`,
        remedy: byHand("apt-get update && apt-get install docker.io"),
      });
    return ok(says);
  },
};

function unreachable(error: string, socket: string, user: string) {
  switch (error) {
    case "ENOENT":
      return fail({
        says: `no Docker here (${socket} is not there)`,
        why,
        remedy: byHand("apt-get install docker.io"),
      });
    case "EACCES":
      return fail({
        says: `${user} may not use ${socket}`,
        why: `${why} Note that who may use it can become root.`,
        remedy: byHand(`usermod -aG docker ${user}  # then sign in anew`),
      });
    case "ECONNREFUSED":
      return fail({ says: "Docker is not running", why, remedy: safely("systemctl start docker") });
    default:
      return fail({ says: `Docker did not answer at ${socket} (${error})`, why });
  }
}

interface Version {
  readonly Version: string;
  readonly ApiVersion: string;
}

function parse(body: string): Version | null {
  try {
    const { Version, ApiVersion } = JSON.parse(body) as Partial<Version>;
    return typeof Version === "string" && /^\d+\.\d+$/.test(ApiVersion ?? "")
      ? { Version, ApiVersion: ApiVersion ?? "" }
      : null;
  } catch {
    return null;
  }
}

const older = (version: string, than: string): boolean => {
  const [a = 0, b = 0] = version.split(".").map(Number);
  const [c = 0, d = 0] = than.split(".").map(Number);
  return a < c || (a === c && b < d);
};

const storage: Check = {
  id: "docker.storage",
  looksAt: "Docker's storage",
  kinds: ["docker"],
  async look(system, { dockerSocket }) {
    if (dockerSocket === null) return elsewhere;
    const answer = await system.http({ url: "http://docker/info", socketPath: dockerSocket });
    const info = "body" in answer ? driverOf(answer.body) : null;
    if (!info) return skipped("Docker does not tell");
    if (info === "vfs")
      return warn({
        says: "the driver vfs",
        why: "It copies the whole image for each phone: slow to create, and gigabytes each.",
        remedy: byHand(
          `echo '{"storage-driver":"overlay2"}' > /etc/docker/daemon.json && systemctl restart docker  # Docker's images and containers must be made anew`,
        ),
      });
    return ok(info);
  },
};

function driverOf(body: string): string | null {
  try {
    const { Driver } = JSON.parse(body) as { Driver?: unknown };
    return typeof Driver === "string" ? Driver : null;
  } catch {
    return null;
  }
}

export const dockerChecks: readonly Check[] = [daemon, storage];
