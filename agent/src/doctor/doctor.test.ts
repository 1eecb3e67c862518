import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Finding, Subject } from "./check.ts";
import { estimate } from "./capacity.ts";
import { allChecks } from "./catalog.ts";
import { examine } from "./examine.ts";
import { fixAll } from "./fix.ts";
import { hex, rack, ran, space, subject } from "./machines/rack.ts";
import { type Facts, factsSchema, recorder, replay } from "./recorded.ts";

interface Changes {
  readonly self?: Partial<Facts["self"]>;
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly subject?: Partial<Subject>;
}

/** What is found on the rack once some of its answers are others. */
async function found(changes: Changes = {}) {
  const facts = rack();
  const system = replay({
    ...facts,
    self: { ...facts.self, ...changes.self },
    answers: { ...facts.answers, ...changes.answers },
  });
  const examination = await examine(system, { ...subject, ...changes.subject });
  const of = new Map(examination.results.map(({ check, finding }) => [check.id, finding]));
  return { ...examination, of };
}

const recorded = (name: string): Facts =>
  factsSchema.parse(
    JSON.parse(readFileSync(path.join(import.meta.dirname, "machines", name), "utf8")),
  );

test("on a machine where all is well every check says so", async () => {
  const { results, capacity } = await found();
  expect(results.filter(({ finding }) => finding.level !== "ok")).toEqual([]);
  expect(capacity).toMatchObject({ devices: 41, boundBy: "memoryMiB" });
});

test("every check has an id of its own, written area.thing", () => {
  const ids = allChecks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z]+\.[a-z0-9-]+$/);
});

const noBinder = { "read /proc/filesystems": "\text4\n" };
const arm = { arch: "arm64", release: "6.6.31+rpt-rpi-2712" };

const wrong: readonly [string, string, "warn" | "fail", Changes, RegExp][] = [
  [
    "a binder module that only has to be loaded",
    "kernel.binder",
    "fail",
    { answers: { ...noBinder, "run modprobe -n binder_linux": ran("") } },
    /^modprobe binder_linux devices="binder,hwbinder,vndbinder"/,
  ],
  [
    "a kernel without binder and without the module",
    "kernel.binder",
    "fail",
    { answers: { ...noBinder, "run modprobe -n binder_linux": ran("", 1, "FATAL") } },
    /linux-modules-extra/,
  ],
  [
    "a kernel with neither ashmem nor memfd",
    "kernel.memfd",
    "fail",
    { answers: { "read /boot/config-6.8.0-45-generic": "# CONFIG_MEMFD_CREATE is not set\n" } },
    /CONFIG_MEMFD_CREATE/,
  ],
  [
    "a Raspberry Pi 5 with its pages of 16 KB",
    "kernel.page-size",
    "fail",
    { self: arm, answers: { "run getconf PAGESIZE": ran("16384\n") } },
    /kernel=kernel8\.img/,
  ],
  [
    "an ARM server with pages of 64 KB",
    "kernel.page-size",
    "fail",
    { answers: { "run getconf PAGESIZE": ran("65536\n") } },
    /64k/,
  ],
  [
    "a kernel without IPv6",
    "kernel.ipv6",
    "fail",
    { answers: { "read /proc/net/if_inet6": null } },
    /ipv6\.disable/,
  ],
  [
    "IPv6 switched off",
    "kernel.ipv6",
    "warn",
    { answers: { "read /proc/sys/net/ipv6/conf/all/disable_ipv6": "1\n" } },
    /disable_ipv6=0/,
  ],
  [
    "pressure that is not told",
    "kernel.psi",
    "warn",
    { answers: { "read /proc/pressure/memory": null } },
    /psi=1/,
  ],
  [
    "cgroups of version 1",
    "kernel.cgroups",
    "warn",
    {
      answers: {
        "read /sys/fs/cgroup/cgroup.controllers": null,
        "read /proc/cgroups": "cpu\t2\t1\t1\nmemory\t4\t52\t1\npids\t8\t1\t1\n",
      },
    },
    /unified_cgroup_hierarchy/,
  ],
  [
    "a Raspberry Pi whose kernel was started without the memory controller",
    "kernel.cgroups",
    "fail",
    {
      self: arm,
      answers: { "read /sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n" },
    },
    /cgroup_enable=memory/,
  ],
  [
    "the kernel's 128 inotify instances beside room for more",
    "limits.inotify",
    "warn",
    {
      subject: { perDevice: { ...subject.perDevice, memoryMiB: 512 } },
      answers: { "read /proc/sys/fs/inotify/max_user_instances": "128\n" },
    },
    /max_user_instances = 8192/,
  ],
  [
    "a low limit of open files",
    "limits.open-files",
    "warn",
    {
      answers: {
        "read /proc/self/limits":
          "Max open files            1024                 1024                 files\n",
      },
    },
    /LimitNOFILE/,
  ],
  [
    "the proprietary NVIDIA driver",
    "gpu.driver",
    "warn",
    { answers: { "read /proc/driver/nvidia/version": "NVRM version: 550" } },
    /nvidia/,
  ],
  [
    "no Docker",
    "docker.daemon",
    "fail",
    { answers: docker({ error: "ENOENT" }) },
    /install docker\.io/,
  ],
  [
    "no right to Docker's socket",
    "docker.daemon",
    "fail",
    { answers: docker({ error: "EACCES" }) },
    /usermod -aG docker ops/,
  ],
  [
    "a Docker that was stopped",
    "docker.daemon",
    "fail",
    { answers: docker({ error: "ECONNREFUSED" }) },
    /^systemctl start docker$/,
  ],
  [
    "a Docker from before 19.03",
    "docker.daemon",
    "fail",
    {
      answers: docker({
        status: 200,
        date: null,
        body: '{"Version":"18.09.9","ApiVersion":"1.39"}',
      }),
    },
    /docker\.io/,
  ],
  [
    "Docker's storage without layers",
    "docker.storage",
    "warn",
    {
      answers: {
        "http /var/run/docker.sockhttp://docker/info": {
          status: 200,
          date: null,
          body: '{"Driver":"vfs"}',
        },
      },
    },
    /overlay2/,
  ],
  ["no adb", "adb.program", "fail", { answers: { "run adb version": null } }, /install adb/],
  [
    "another program on adb's port",
    "adb.server",
    "fail",
    { answers: { "tcp 127.0.0.1:5037": { replyHex: hex("HTTP/1.1 400 Bad Request") } } },
    /ss -ltnp 'sport = :5037'/,
  ],
  [
    "another program on the port that only USB phones' adb has",
    "adb.server",
    "fail",
    {
      subject: { adbPorts: [5037, 5038] },
      answers: { "tcp 127.0.0.1:5038": { replyHex: hex("HTTP/1.1 400 Bad Request") } },
    },
    /ss -ltnp 'sport = :5038'/,
  ],
  [
    "an adb server of another version",
    "adb.server",
    "warn",
    { answers: { "tcp 127.0.0.1:5037": { replyHex: hex("OKAY00040028") } } },
    /kill-server/,
  ],
  [
    "a scrcpy server that somebody has changed",
    "screen.scrcpy-server",
    "fail",
    { answers: { [`run sha256sum ${subject.scrcpyServer.file}`]: ran(`${"0".repeat(64)}  f\n`) } },
    /^rm /,
  ],
  [
    "a host that has not fetched scrcpy's server yet",
    "screen.scrcpy-server",
    "warn",
    { answers: { [`run sha256sum ${subject.scrcpyServer.file}`]: ran("", 1, "No such file") } },
    /^mkdir -p .*curl/,
  ],
  [
    "a scrcpy server that is not where the operator said",
    "screen.scrcpy-server",
    "fail",
    {
      subject: { scrcpyServer: { file: "/opt/scrcpy-server", configured: true } },
      answers: { "run sha256sum /opt/scrcpy-server": ran("", 1, "No such file") },
    },
    /^curl -fLo \/opt\/scrcpy-server/,
  ],
  [
    "no udev rules",
    "adb.usb-rights",
    "fail",
    { answers: { "names /usr/lib/udev/rules.d": ["50-udev-default.rules"] } },
    /udevadm/,
  ],
  [
    "an account outside plugdev",
    "adb.usb-rights",
    "fail",
    { answers: { "run id -nG": ran("ops docker\n") } },
    /usermod -aG plugdev ops/,
  ],
  [
    "a disk that is nearly full",
    "disk.docker",
    "warn",
    { answers: { "space /srv/docker": space(3) } },
    /docker system df/,
  ],
  [
    "a disk that is full",
    "disk.data",
    "fail",
    { answers: { "space /var/lib/cloudphone/agent": space(0.2) } },
    /du -xhd1/,
  ],
  [
    "a disk without inodes",
    "disk.data",
    "fail",
    { answers: { "space /var/lib/cloudphone/agent": space(90, 0.01) } },
    /du -xhd1/,
  ],
  [
    "a data folder of another's",
    "disk.data",
    "fail",
    { answers: { "access /var/lib/cloudphone/agent": "denied" } },
    /chown -R ops/,
  ],
  [
    "a clock that is ten seconds off",
    "hub.clock",
    "warn",
    { answers: { "http http://hub:30000/healthz": health("Mon, 05 Jan 2026 12:00:10 GMT") } },
    /set-ntp/,
  ],
  [
    "a clock that is a day off",
    "hub.clock",
    "fail",
    { answers: { "http http://hub:30000/healthz": health("Tue, 06 Jan 2026 12:00:00 GMT") } },
    /set-ntp/,
  ],
  [
    "another program on the hub's port",
    "ports.taken",
    "warn",
    {
      answers: {
        "run ss -Hltnp sport = :30000 or sport = :1883": ran(
          'LISTEN 0 100 0.0.0.0:1883 0.0.0.0:* users:(("mosquitto",pid=812,fd=5))\n',
        ),
      },
    },
    /--mqtt-port/,
  ],
];

test.each(wrong)(
  "%s is found and has its remedy (%s: %s)",
  async (...[, id, level, changes, remedy]) => {
    const { of } = await found(changes);
    const finding = of.get(id);
    expect(finding).toMatchObject({ level, why: expect.stringMatching(/\.$/) as string });
    expect(commandOf(finding)).toMatch(remedy);
    expect([...of].filter(([other, one]) => other !== id && one.level === "fail")).toEqual([]);
  },
);

const unmended: readonly [string, string, Changes, RegExp][] = [
  [
    "a hub that refuses",
    "hub.http",
    { answers: { "http http://hub:30000/healthz": { error: "ECONNREFUSED" } } },
    /refused/,
  ],
  [
    "a proxy in the hub's place",
    "hub.http",
    { answers: { "http http://hub:30000/healthz": { status: 403, date: null, body: "<html>" } } },
    /answers 403/,
  ],
  [
    "a name that nobody knows",
    "hub.mqtt",
    { answers: { "tcp hub:1883": { error: "ENOTFOUND" } } },
    /name is unknown/,
  ],
  [
    "a web server on the broker's port",
    "hub.mqtt",
    { answers: { "tcp hub:1883": { replyHex: hex("HTTP/1.1") } } },
    /does not speak MQTT/,
  ],
  [
    "a proxy that lets no WebSocket through",
    "hub.websocket",
    { answers: { "http http://hub:30000/trpc upgrade": { status: 426, date: null, body: "" } } },
    /refused with 426/,
  ],
  [
    "a TURN server behind a closed firewall",
    "hub.turn",
    { answers: { "udp turn.example.com:3478": { error: "ETIMEDOUT" } } },
    /no answer/,
  ],
  [
    "a STUN answer to somebody else's question",
    "hub.turn",
    { subject: { transactionId: Buffer.alloc(12) } },
    /not as a STUN server/,
  ],
  ["a 32-bit board", "kernel.architecture", { self: { arch: "arm" } }, /not supported/],
];

test.each(unmended)("%s is found (%s)", async (...[, id, changes, says]) => {
  const finding = (await found(changes)).of.get(id);
  expect(finding).toMatchObject({ level: "fail", says: expect.stringMatching(says) as string });
});

test("a processor without 32-bit programs is told from one whose setarch is forbidden", async () => {
  const asked = (stderr: string) =>
    found({
      self: { arch: "arm64" },
      answers: { "run setarch linux32 true": ran("", 1, stderr) },
    });
  const only64 = await asked("setarch: failed to set personality to linux32: Invalid argument\n");
  expect(only64.of.get("kernel.architecture")).toMatchObject({ level: "warn" });
  const forbidden = await asked("setarch: failed to set personality: Operation not permitted\n");
  expect(forbidden.of.get("kernel.architecture")).toMatchObject({ level: "ok" });
});

test("a host for phones on cables is not asked for what only containers need", async () => {
  const { of, capacity } = await found({ subject: { kinds: new Set(["usb"]) } });
  expect(of.has("kernel.binder")).toBe(false);
  expect(of.has("docker.daemon")).toBe(false);
  expect(of.has("adb.usb-rights")).toBe(true);
  expect(capacity).toBeNull();
});

test("a host that no hub knows yet leaves out the way to it", async () => {
  const { of } = await found({ subject: { hub: null, turn: null } });
  const skipped = [...of].filter(([, finding]) => finding.level === "skipped").map(([id]) => id);
  expect(skipped).toEqual(["hub.http", "hub.mqtt", "hub.websocket", "hub.clock", "hub.turn"]);
});

test("STUN: the sample response of RFC 5769 tells the address it was sent from", async () => {
  expect((await found()).of.get("hub.turn")?.says).toContain("192.0.2.1:32853");
});

test("a check that never answers holds up neither the others nor the report", async () => {
  const facts = rack();
  const system = { ...replay(facts), names: () => new Promise<null>(() => undefined) };
  const { results } = await examine(system, subject, 100);
  const gpu = results.find(({ check }) => check.id === "gpu.driver");
  expect(gpu?.finding).toMatchObject({ level: "warn", says: "gave no answer within 0.1 s" });
  expect(results.filter(({ finding }) => finding.level === "ok").length).toBeGreaterThan(15);
});

test("the capacity is what the scarcest resource allows, and never less than none", () => {
  const has = { memoryMiB: 64 * 1024, cpus: 96, diskMiB: 900_000, inotifyInstances: 128 };
  expect(estimate(has, subject.perDevice)).toEqual({
    devices: 42,
    boundBy: "memoryMiB",
    by: { memoryMiB: 42, cpus: 192, diskMiB: 292, inotifyInstances: 50 },
  });
  expect(estimate({ ...has, memoryMiB: 256 * 1024 }, subject.perDevice)).toMatchObject({
    devices: 50,
    boundBy: "inotifyInstances",
  });
  expect(estimate({ ...has, memoryMiB: 512 }, subject.perDevice).devices).toBe(0);
});

test("--fix runs what is safe and nothing else, and tells a plain user what needs root", async () => {
  const { results } = await found({
    answers: {
      ...noBinder,
      "run modprobe -n binder_linux": ran(""),
      "run adb version": null,
      ...docker({ error: "ECONNREFUSED" }),
    },
  });
  const asked: string[] = [];
  const run = (command: readonly string[]) => {
    asked.push(command.join(" "));
    return Promise.resolve(ran("", asked.length === 1 ? 0 : 5, "Unit docker.service not found."));
  };
  const { self } = rack();
  const plain = await fixAll({ self, run }, results);
  expect(plain.map(({ checkId, outcome }) => [checkId, outcome])).toEqual([
    ["kernel.binder", "needs root"],
    ["docker.daemon", "needs root"],
  ]);
  expect(asked).toEqual([]);
  const root = await fixAll({ self: { ...self, uid: 0 }, run }, results);
  expect(root).toMatchObject([
    { checkId: "kernel.binder", outcome: "ran" },
    { checkId: "docker.daemon", outcome: "failed", said: "Unit docker.service not found." },
  ]);
  expect(asked).toHaveLength(2);
});

test("what a machine answered can be kept, and the same is found in it again", async () => {
  const kept = recorder(replay(rack()));
  const before = await examine(kept.system, subject);
  const facts = factsSchema.parse(JSON.parse(JSON.stringify(kept.facts())));
  expect(await examine(replay(facts), subject)).toEqual(before);
});

test("recorded: a virtual machine with Debian 12, without binder, GPU and Docker", async () => {
  const { results, capacity } = await examine(replay(recorded("debian-12-vm.json")), {
    ...subject,
    hub: null,
    turn: null,
  });
  const bad = results.filter(({ finding }) => finding.level === "fail" || finding.level === "warn");
  expect(bad.map(({ check, finding }) => `${check.id} ${finding.level}`)).toEqual([
    "kernel.binder fail",
    "kernel.cgroups warn",
    "gpu.driver warn",
    "docker.daemon fail",
  ]);
  expect(bad[0]?.finding.says).toContain("built without binder");
  expect(capacity).toMatchObject({ devices: 4, boundBy: "cpus" });
});

const commandOf = (finding: Finding | undefined): string =>
  finding && "remedy" in finding ? (finding.remedy?.command ?? "") : "";

function docker(answer: unknown) {
  return { "http /var/run/docker.sockhttp://docker/version": answer };
}

function health(date: string) {
  return { status: 200, date, body: '{"ok":true}' };
}
