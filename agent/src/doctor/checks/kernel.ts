import { byHand, type Check, fail, type Finding, ok, safely, skipped, warn } from "../check.ts";
import type { System } from "../system.ts";

/** What Android in a container needs of the host's kernel (redroid-doc, deploy/README.md). */

const containers = ["docker"];

const loadBinder = safely(
  [
    'modprobe binder_linux devices="binder,hwbinder,vndbinder"',
    "echo binder_linux > /etc/modules-load.d/cloudphone.conf",
    `echo 'options binder_linux devices="binder,hwbinder,vndbinder"' > /etc/modprobe.d/cloudphone.conf`,
  ].join(" && "),
);

const binder: Check = {
  id: "kernel.binder",
  looksAt: "binder",
  kinds: containers,
  async look(system) {
    const filesystems = (await system.readText("/proc/filesystems")) ?? "";
    if (/\sbinder$/m.test(filesystems)) return ok("binderfs is there");
    const nodes = await Promise.all(
      ["binder", "hwbinder", "vndbinder"].map((name) => system.access(`/dev/${name}`)),
    );
    if (nodes.every((access) => access !== "none")) return ok("/dev/binder and its kin are there");
    const why =
      "Every process of Android speaks to the others through binder; without it a container ends in its first second.";
    const loadable = await system.run(["modprobe", "-n", "binder_linux"]);
    if (loadable?.exitCode === 0)
      return fail({ says: "the module binder_linux is not loaded", why, remedy: loadBinder });
    const config = await kernelConfig(system);
    if (config !== null && /^# CONFIG_ANDROID_BINDER_IPC is not set$/m.test(config))
      return fail({
        says: `this kernel (${system.self.release}) was built without binder`,
        why,
        remedy: byHand(
          "apt-get install linux-image-generic linux-modules-extra-$(uname -r)  # or another kernel with CONFIG_ANDROID_BINDERFS, then reboot",
        ),
      });
    return fail({
      says: "binder is not there, and no module of it either",
      why,
      remedy: byHand("apt-get install linux-modules-extra-$(uname -r)"),
    });
  },
};

/** Debian's and Ubuntu's kernels keep it in /boot, others in /proc; null when neither tells. */
const kernelConfig = async (system: System): Promise<string | null> =>
  (await system.readText(`/boot/config-${system.self.release}`)) ??
  system.readText("/proc/config.gz");

const memfd: Check = {
  id: "kernel.memfd",
  looksAt: "memfd or ashmem",
  kinds: containers,
  async look(system) {
    if ((await system.access("/dev/ashmem")) !== "none") return ok("ashmem is there");
    const config = await kernelConfig(system);
    if (config !== null && !/^CONFIG_MEMFD_CREATE=y$/m.test(config))
      return fail({
        says: "this kernel has neither ashmem nor memfd",
        why: "Android shares memory between its processes through one of them.",
        remedy: byHand(
          "apt-get install linux-image-generic  # or another kernel with CONFIG_MEMFD_CREATE",
        ),
      });
    return ok("memfd; ashmem left the kernel with 5.18, so phones are started with use_memfd=1");
  },
};

const pageSize: Check = {
  id: "kernel.page-size",
  looksAt: "memory pages",
  kinds: containers,
  async look(system) {
    const asked = await system.run(["getconf", "PAGESIZE"]);
    const bytes = Number(asked?.stdout.trim());
    if (!asked || !Number.isInteger(bytes) || bytes <= 0) return skipped("getconf does not tell");
    if (bytes === 4096) return ok("4 KB");
    return fail({
      says: `memory pages of ${bytes / 1024} KB`,
      why: "Android images are built for pages of 4 KB; their programs can't be loaded with others.",
      remedy: /rpi/.test(system.self.release)
        ? byHand(
            "echo kernel=kernel8.img >> /boot/firmware/config.txt  # the 4 KB kernel of Raspberry Pi OS; then reboot",
          )
        : byHand(
            "apt-get install linux-image-generic  # a kernel with CONFIG_ARM64_4K_PAGES, not the -64k one; then reboot",
          ),
    });
  },
};

const ipv6: Check = {
  id: "kernel.ipv6",
  looksAt: "IPv6",
  kinds: containers,
  async look(system) {
    const why =
      "Android's network daemon sets IPv6 up at its start; without it phones have no network.";
    const [addresses, disabled] = await Promise.all([
      system.readText("/proc/net/if_inet6"),
      system.readText("/proc/sys/net/ipv6/conf/all/disable_ipv6"),
    ]);
    if (addresses === null)
      return fail({
        says: "the kernel runs without IPv6",
        why,
        remedy: byHand(
          "sed -i 's/ipv6.disable=1//' /etc/default/grub && update-grub  # then reboot",
        ),
      });
    if (disabled?.trim() === "1")
      return warn({
        says: "IPv6 is switched off by a setting",
        why,
        remedy: byHand("sysctl -w net.ipv6.conf.all.disable_ipv6=0"),
      });
    return ok("on");
  },
};

const psi: Check = {
  id: "kernel.psi",
  looksAt: "memory pressure (PSI)",
  kinds: containers,
  async look(system) {
    const [file, config] = await Promise.all([
      system.readText("/proc/pressure/memory"),
      kernelConfig(system),
    ]);
    if (file !== null) return ok("on");
    const built = config === null || /^CONFIG_PSI=y$/m.test(config);
    return warn({
      says: built ? "off" : "this kernel was built without it",
      why: "Android's low-memory killer learns from it when to end apps; without it a full phone hangs instead.",
      ...(built && {
        remedy: byHand(
          `sed -i 's/^GRUB_CMDLINE_LINUX="/&psi=1 /' /etc/default/grub && update-grub  # then reboot`,
        ),
      }),
    });
  },
};

const wanted = ["cpu", "memory", "pids"];

const cgroups: Check = {
  id: "kernel.cgroups",
  looksAt: "cgroups",
  kinds: containers,
  async look(system) {
    const controllers = await system.readText("/sys/fs/cgroup/cgroup.controllers");
    const version = controllers === null ? 1 : 2;
    const on =
      controllers === null
        ? controllersOfV1((await system.readText("/proc/cgroups")) ?? "")
        : controllers.trim().split(/\s+/);
    if (on.length === 0) return skipped("the kernel does not tell");
    const missing = wanted.filter((name) => !on.includes(name));
    if (missing.length > 0) return withoutControllers(missing, system.self.release);
    if (version === 2) return ok("version 2, with cpu, memory and pids");
    return warn({
      says: "version 1",
      why: "Limits hold, but Docker and systemd are leaving version 1, and pressure is not told per phone.",
      remedy: byHand(
        `sed -i 's/^GRUB_CMDLINE_LINUX="/&systemd.unified_cgroup_hierarchy=1 /' /etc/default/grub && update-grub  # then reboot`,
      ),
    });
  },
};

/** "memory 4 52 1": name, hierarchy, groups, enabled. */
const controllersOfV1 = (table: string): string[] =>
  [...table.matchAll(/^(\w+)\s+\d+\s+\d+\s+1$/gm)].map((match) => match[1] ?? "");

const withoutControllers = (missing: readonly string[], release: string): Finding =>
  fail({
    says: `the cgroup controller${missing.length > 1 ? "s" : ""} ${missing.join(", ")} ${missing.length > 1 ? "are" : "is"} off`,
    why: "A phone's limits can't be held: one that runs wild takes the machine from all others.",
    remedy: /rpi/.test(release)
      ? byHand(
          "sed -i 's/$/ cgroup_enable=memory cgroup_memory=1/' /boot/firmware/cmdline.txt  # then reboot",
        )
      : byHand(
          `sed -i 's/^GRUB_CMDLINE_LINUX="/&cgroup_enable=memory /' /etc/default/grub && update-grub  # then reboot`,
        ),
  });

const architecture: Check = {
  id: "kernel.architecture",
  looksAt: "processor",
  async look(system) {
    const { arch, cpus } = system.self;
    const what = `${arch}, ${cpus} CPU${cpus === 1 ? "" : "s"}`;
    if (arch === "x64") return ok(what);
    if (arch !== "arm64")
      return fail({
        says: `${arch} is not supported`,
        why: "The agent, and Android's images, are there for 64-bit x86 and ARM.",
      });
    // arch/arm64/kernel/sys.c: PER_LINUX32 is EINVAL on a processor without 32-bit user mode.
    const asked = await system.run(["setarch", "linux32", "true"]);
    if (asked && asked.exitCode !== 0 && /invalid argument/i.test(asked.stderr))
      return warn({
        says: `${what}, 64-bit only`,
        why: "Images with 32-bit parts end with exit code 129 here: choose those whose tag says 64only (redroid-doc issue 753).",
      });
    return ok(what);
  },
};

export const kernelChecks: readonly Check[] = [
  architecture,
  binder,
  memfd,
  pageSize,
  ipv6,
  psi,
  cgroups,
];
