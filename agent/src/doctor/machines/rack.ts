import type { Subject } from "../check.ts";
import type { Facts } from "../recorded.ts";

/**
 * A machine on which all is well: Ubuntu 24.04 on an x86 server with an Intel GPU, put together from what its kernel, Docker and adb
 * print. Tests change one answer and see what is said of it.
 */
export const rack = (): Facts => ({
  self: { uid: 1000, user: "ops", arch: "x64", release: "6.8.0-45-generic", cpus: 32 },
  nowMs: Date.UTC(2026, 0, 5, 12, 0, 0, 700),
  answers: {
    "read /proc/filesystems": "nodev\tsysfs\nnodev\tbinder\n\text4\n",
    "run getconf PAGESIZE": ran("4096\n"),
    "read /proc/net/if_inet6": "00000000000000000000000000000001 01 80 10 80       lo\n",
    "read /proc/sys/net/ipv6/conf/all/disable_ipv6": "0\n",
    "read /proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "read /boot/config-6.8.0-45-generic": "CONFIG_MEMFD_CREATE=y\nCONFIG_PSI=y\n",
    "read /sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
    "read /proc/meminfo": "MemTotal:       65536000 kB\nMemAvailable:   60000000 kB\n",
    "read /proc/sys/fs/inotify/max_user_instances": "8192\n",
    "read /proc/self/limits":
      "Max open files            1024                 1048576              files\n",
    "names /dev/dri": ["by-path", "card0", "renderD128"],
    "read /sys/class/drm/renderD128/device/uevent": "DRIVER=i915\nPCI_CLASS=30000\n",
    "http /var/run/docker.sockhttp://docker/version": {
      status: 200,
      date: null,
      body: '{"Version":"27.3.1","ApiVersion":"1.47","MinAPIVersion":"1.24"}',
    },
    "http /var/run/docker.sockhttp://docker/info": {
      status: 200,
      date: null,
      body: '{"Driver":"overlay2","DockerRootDir":"/srv/docker"}',
    },
    "run adb version": ran("Android Debug Bridge version 1.0.41\nVersion 34.0.4-debian\n"),
    "tcp 127.0.0.1:5037": { replyHex: hex("OKAY00040029") },
    "run sha256sum /var/lib/cloudphone/agent/scrcpy/3.3.3/scrcpy-server": ran(
      "7e70323ba7f259649dd4acce97ac4fefbae8102b2c6d91e2e7be613fd5354be0  scrcpy-server\n",
    ),
    "names /usr/lib/udev/rules.d": ["50-udev-default.rules", "51-android.rules"],
    "run id -nG": ran("ops docker plugdev\n"),
    "access /var/lib/cloudphone/agent": "write",
    "space /var/lib/cloudphone/agent": space(100),
    "space /srv/docker": space(500),
    "space /var/lib/docker": space(500),
    "http http://hub:30000/healthz": {
      status: 200,
      date: "Mon, 05 Jan 2026 12:00:00 GMT",
      body: '{"ok":true}',
    },
    "http http://hub:30000/trpc upgrade": { status: 101, date: null, body: "" },
    "tcp hub:1883": { replyHex: "20020005" },
    "udp turn.example.com:3478": { replyHex: bindingSuccess },
    "run ss -Hltnp sport = :30000 or sport = :1883": ran(""),
  },
});

export const subject: Subject = {
  dataDir: "/var/lib/cloudphone/agent",
  kinds: new Set(["docker", "usb"]),
  hub: { url: "http://hub:30000", mqtt: { host: "hub", port: 1883 } },
  turn: { host: "turn.example.com", port: 3478 },
  dockerSocket: "/var/run/docker.sock",
  scrcpyServer: {
    file: "/var/lib/cloudphone/agent/scrcpy/3.3.3/scrcpy-server",
    configured: false,
  },
  adbPorts: [5037],
  perDevice: { memoryMiB: 1536, cpus: 0.5, diskMiB: 3072, inotifyInstances: 2 },
  transactionId: Buffer.from("b7e7a701bc34d686fa87dfae", "hex"),
};

/** The sample response of RFC 5769 §2.2, which saw 192.0.2.1:32853. */
const bindingSuccess = [
  "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220",
  "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7",
  "80280004c07d4c96",
].join("");

export function ran(stdout: string, exitCode = 0, stderr = "") {
  return { exitCode, stdout, stderr };
}

export function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

export function space(freeGiB: number, inodesFree = 0.9) {
  const GiB = 1024 ** 3;
  const totalInodes = 1_000_000;
  return {
    totalBytes: 1000 * GiB,
    freeBytes: freeGiB * GiB,
    totalInodes,
    freeInodes: totalInodes * inodesFree,
  };
}
