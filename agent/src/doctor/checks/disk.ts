import { byHand, type Check, fail, type Finding, ok, skipped, warn } from "../check.ts";
import type { Space, System } from "../system.ts";

const GiB = 1024 ** 3;

const judge = (space: Space, what: { path: string; remedy: string }): Finding => {
  const freeGiB = space.freeBytes / GiB;
  // Some filesystems (btrfs) count no inodes.
  const inodes = space.totalInodes === 0 ? 1 : space.freeInodes / space.totalInodes;
  const says = `${freeGiB.toFixed(1)} GiB free at ${what.path}`;
  const remedy = byHand(what.remedy);
  if (freeGiB < 1 || inodes < 0.02)
    return fail({
      says: inodes < 0.02 ? `${says}, but hardly an inode` : says,
      why: "Nothing can be stored any more: no event, no app, no phone.",
      remedy,
    });
  if (freeGiB < 5 || inodes < 0.1)
    return warn({
      says: inodes < 0.1 ? `${says}, but only ${Math.round(inodes * 100)} % of its inodes` : says,
      why: "Uploaded apps and phones' data grow; a full disk stops every phone of the host.",
      remedy,
    });
  return ok(says);
};

const data: Check = {
  id: "disk.data",
  looksAt: "the agent's data",
  async look(system, { dataDir }) {
    const access = await system.access(dataDir);
    if (access === "denied" || access === "read")
      return fail({
        says: `${system.self.user} may not write ${dataDir}`,
        why: "The agent keeps there what the hub has not heard yet.",
        remedy: byHand(`chown -R ${system.self.user} ${dataDir}`),
      });
    return judgeAt(system, dataDir, `du -xhd1 ${dataDir} | sort -h`);
  },
};

const docker: Check = {
  id: "disk.docker",
  looksAt: "Docker's data",
  kinds: ["docker"],
  async look(system, { dockerSocket }) {
    if (dockerSocket === null) return skipped("on another machine: run the doctor there");
    const info = await system.http({ url: "http://docker/info", socketPath: dockerSocket });
    const root = /"DockerRootDir":"([^"]+)"/.exec("body" in info ? info.body : "")?.[1];
    return judgeAt(
      system,
      root ?? "/var/lib/docker",
      "docker system df  # then: docker image prune",
    );
  },
};

async function judgeAt(system: System, path: string, remedy: string): Promise<Finding> {
  const space = await system.space(path);
  return space ? judge(space, { path, remedy }) : skipped(`${path} does not tell`);
}

export const diskChecks: readonly Check[] = [data, docker];
