import { estimate, inotifyFor, readResources } from "../capacity.ts";
import { byHand, type Check, fail, ok, safely, skipped, warn } from "../check.ts";

const instancesFile = "/proc/sys/fs/inotify/max_user_instances";

const inotify: Check = {
  id: "limits.inotify",
  looksAt: "inotify",
  kinds: ["docker"],
  async look(system, subject) {
    const has = await readResources(system, subject);
    if (!has) return skipped(`${instancesFile} does not tell`);
    const { by } = estimate(has, subject.perDevice);
    const others = Math.min(by.memoryMiB, by.cpus, by.diskMiB);
    const says = `${has.inotifyInstances} instances, enough for ${by.inotifyInstances} containers`;
    if (by.inotifyInstances >= others) return ok(says);
    const instances = Math.max(8192, inotifyFor(others, subject.perDevice));
    return warn({
      says: `${says}; memory, processor and disk would hold ${others}`,
      why: "All containers' root shares one count: the first beyond it does not start, and says nothing of this (redroid-doc issue 392).",
      remedy: safely(
        [
          `printf 'fs.inotify.max_user_instances = ${instances}\\nfs.inotify.max_user_watches = 1048576\\n' > /etc/sysctl.d/60-cloudphone.conf`,
          "sysctl -q -p /etc/sysctl.d/60-cloudphone.conf",
        ].join(" && "),
      ),
    });
  },
};

/** Sockets, streams and logs of one device in the agent; an estimate on the safe side. */
const filesPerDevice = 32;
const filesOfAgent = 512;

const openFiles: Check = {
  id: "limits.open-files",
  looksAt: "open files",
  async look(system) {
    const limits = await system.readText("/proc/self/limits");
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits ?? "")?.[1];
    if (hard === undefined) return skipped("/proc/self/limits does not tell");
    if (hard === "unlimited") return ok("no limit");
    const devices = Math.floor((Number(hard) - filesOfAgent) / filesPerDevice);
    if (devices >= 100) return ok(hard);
    return warn({
      says: `at most ${hard}, enough for some ${Math.max(0, devices)} devices`,
      why: "Each device takes sockets and streams; beyond the limit connections fail one by one.",
      remedy: byHand(
        "ulimit -Hn 65536  # in the shell that starts the agent; under systemd: LimitNOFILE=65536 (deploy/systemd has it)",
      ),
    });
  },
};

const oneGiB = 1024;

const memory: Check = {
  id: "limits.memory",
  looksAt: "memory",
  async look(system, subject) {
    const text = (await system.readText("/proc/meminfo")) ?? "";
    const [total, free] = ["MemTotal", "MemAvailable"].map((name) =>
      Math.floor(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024),
    );
    if (!total || free === undefined || Number.isNaN(free))
      return skipped("/proc/meminfo does not tell");
    const says = `${(total / oneGiB).toFixed(1)} GiB, ${(free / oneGiB).toFixed(1)} GiB of it free`;
    const needs = subject.kinds.has("docker") ? subject.perDevice.memoryMiB : 256;
    if (total < needs)
      return fail({
        says,
        why: `Less than one device takes (${needs} MiB).`,
      });
    if (free < needs)
      return warn({
        says,
        why: `No further device fits (${needs} MiB each); the kernel would end one that runs.`,
      });
    return ok(says);
  },
};

export const limitChecks: readonly Check[] = [memory, inotify, openFiles];
