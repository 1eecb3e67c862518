import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { phoneImage } from "./phone-image.ts";

const run = promisify(execFile);

/** The image of `phoneImage`, and three that fail: one never finishes its boot, one ends at once, one takes all memory once there is a file /dev/eat. */
export const images = {
  repository: "phones.test/android",
  good: "phones.test/android:13",
  /** Not loaded at first. */
  late: "phones.test/android:14",
  neverBoots: "phones.test/android:13-never-boots",
  dies: "phones.test/android:13-dies",
  eats: "phones.test/android:13-eats",
};

const entries: Record<string, string[]> = {
  [images.good]: ["/init"],
  [images.late]: ["/init"],
  [images.neverBoots]: ["/init", "test.boot=never"],
  [images.dies]: ["/init", "test.boot=die"],
  [images.eats]: ["/init", "test.boot=eats"],
};

const portsEach = 120;

/** Why tests with a real Docker daemon can't run here, or null. In CI its absence is a failure, not a reason to skip. */
export function dockerMissing(): string | null {
  const why = lacking();
  if (why !== null && process.env.CI === "true") throw new Error(`Docker tests must run: ${why}`);
  return why;
}

function lacking(): string | null {
  if (process.getuid?.() !== 0) return "a Docker daemon of our own needs root";
  for (const tool of ["dockerd", "docker", "runc", "ip"])
    try {
      execFileSync("which", [tool], { stdio: "ignore" });
    } catch {
      return `no ${tool} here (apt-get install docker.io iproute2)`;
    }
  return null;
}

export interface TestDockerdOptions {
  /** Size of the file system its data lies on; null: the disk of the temporary folder. */
  readonly diskMiB?: number;
}

/**
 * A Docker daemon of its own: roots, socket, bridge, addresses and names in containerd are nobody else's, so several run side by side and beside the machine's.
 * It starts containers through a wrapper that drops CAP_SYS_RESOURCE where this machine may not give it, so that a privileged container really runs.
 */
export class TestDockerd implements AsyncDisposable {
  readonly dir: string;
  readonly #bridge: string;
  readonly #net: number;
  readonly #mounted: boolean;
  #daemon: ChildProcess | null = null;
  #log = "";

  private constructor(dir: string, network: { bridge: string; net: number }, mounted: boolean) {
    this.dir = dir;
    this.#bridge = network.bridge;
    this.#net = network.net;
    this.#mounted = mounted;
  }

  static async start({ diskMiB }: TestDockerdOptions = {}): Promise<TestDockerd> {
    const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-dockerd-"));
    await mkdir(path.join(dir, "data"));
    if (diskMiB !== undefined)
      await run("mount", [
        "-t",
        "tmpfs",
        "-o",
        `size=${diskMiB}m`,
        "tmpfs",
        path.join(dir, "data"),
      ]);
    await writeFile(path.join(dir, "runc.sh"), wrapper);
    await chmod(path.join(dir, "runc.sh"), 0o755);
    const daemon = new TestDockerd(dir, await makeBridge(), diskMiB !== undefined);
    try {
      await daemon.launch();
      await daemon.load(images.good);
      if (diskMiB === undefined)
        await daemon.#vary(images.good, [images.dies, images.neverBoots, images.eats]);
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  get host(): string {
    return `unix://${this.dir}/sock`;
  }

  /** Of the phones' network, not of the bridge. */
  get subnet(): string {
    return `10.214.${this.#net}.0/24`;
  }

  /** Ports of this machine for the phones' adb that no other test's daemon has: of a port that is free only until another takes it, three tries may fail. */
  get ports(): { readonly firstPort: number; readonly lastPort: number } {
    const firstPort = 9000 + this.#net * portsEach;
    return { firstPort, lastPort: firstPort + portsEach - 1 };
  }

  /** Docker's own client. */
  async docker(...args: string[]): Promise<string> {
    const { stdout } = await run("docker", ["-H", this.host, ...args], { timeout: 30_000 });
    return stdout.trim();
  }

  async load(image: string): Promise<void> {
    const entry = `ENTRYPOINT ${JSON.stringify(entries[image])}`;
    const changes = [entry, "ENV PATH=/usr/bin:/usr/sbin", "EXPOSE 5555"];
    const flags = changes.flatMap((change) => ["-c", change]);
    await this.docker("import", ...flags, await phoneImage(), image);
  }

  /** Other images of the same files, which are not unpacked again: half a second of a processor for each. */
  async #vary(image: string, variants: readonly string[]): Promise<void> {
    const container = await this.docker("create", image);
    for (const variant of variants) {
      const entry = `ENTRYPOINT ${JSON.stringify(entries[variant])}`;
      await this.docker("commit", "-c", entry, container, variant);
    }
    await this.docker("rm", container);
  }

  async launch(): Promise<void> {
    const { dir } = this;
    const unique = this.#namespace;
    const daemon = spawn(
      "dockerd",
      [
        ...["--data-root", `${dir}/data`, "--exec-root", `${dir}/exec`],
        ...["--pidfile", `${dir}/pid`, "--host", this.host, `--bridge=${this.#bridge}`],
        ...[
          "--containerd-namespace",
          unique,
          "--containerd-plugins-namespace",
          `${unique}-plugins`,
        ],
        ...["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"],
        ...["--add-runtime", `test=${dir}/runc.sh`, "--default-runtime", "test"],
        ...["--userland-proxy=true", "--log-level=warn"],
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#daemon = daemon;
    const up = Promise.withResolvers<void>();
    daemon.once("error", (cause) => up.reject(cause));
    daemon.once("exit", (code) => up.reject(new Error(`dockerd ended (${code}): ${this.#log}`)));
    daemon.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-5000);
    });
    await Promise.race([up.promise, this.#answering()]);
    up.promise.catch(() => undefined);
  }

  /** SIGKILL leaves the containers alive, SIGTERM ends them. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
    // Its containerd died with it, but where pid 1 buries no strangers a dead one still answers to its number, and the next daemon would wait for it.
    await rm(path.join(this.dir, "exec/containerd/containerd.pid"), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#empty().catch(() => undefined);
    await this.end("SIGTERM");
    await killShims(this.#namespace);
    const mounts = ["exec/netns/default", "data", ...(this.#mounted ? ["data"] : [])];
    for (const mount of mounts)
      await run("umount", ["-l", path.join(this.dir, mount)]).catch(() => undefined);
    for (const link of await linksWith([`10.213.${this.#net}.`, `10.214.${this.#net}.`]))
      await run("ip", ["link", "delete", link]).catch(() => undefined);
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  get #namespace(): string {
    return path.basename(this.dir).toLowerCase();
  }

  async #empty(): Promise<void> {
    if (this.#daemon?.exitCode !== null || this.#daemon.signalCode !== null) await this.launch();
    const ids = (await this.docker("ps", "-aq")).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await this.docker("rm", "-f", ...ids);
    await this.docker("network", "prune", "-f");
  }

  async #answering(): Promise<void> {
    const until = performance.now() + 20_000;
    for (;;) {
      try {
        await ping(path.join(this.dir, "sock"));
        return;
      } catch (cause) {
        if (performance.now() > until)
          throw new Error(`dockerd did not answer: ${this.#log}`, { cause });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** Resolves when the daemon behind the socket answers; Docker's own client takes a tenth of a second of a processor to ask. */
async function ping(socketPath: string): Promise<void> {
  const request = get({ socketPath, path: "/_ping", timeout: 5000 });
  request.once("timeout", () => request.destroy(new Error("dockerd hangs")));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  if (response.statusCode !== 200) throw new Error(`dockerd said ${response.statusCode}`);
}

/** The interfaces that have an address which begins so. */
async function linksWith(beginnings: readonly string[]): Promise<string[]> {
  const { stdout } = await run("ip", ["-o", "-4", "address", "show"]);
  const lines = stdout.split("\n").map((line) => line.split(/\s+/));
  return lines.flatMap(([, link = "", , address = ""]) =>
    beginnings.some((beginning) => address.startsWith(beginning)) ? [link] : [],
  );
}

/** What a daemon that was killed and could not be started again has left running. */
async function killShims(namespace: string): Promise<void> {
  const { stdout } = await run("ps", ["-eo", "pid=,ppid=,args="]);
  const all = stdout.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  const shims = all.filter((one) => one?.[3]?.includes(`-namespace ${namespace} `));
  const pids = new Set(shims.map((one) => one?.[1]));
  for (const one of all)
    if (one && (pids.has(one[1]) || pids.has(one[2]))) process.kill(Number(one[1]), "SIGKILL");
}

/** runc, but without the capability that this machine may lack itself; runc refuses to give what it has not. */
const wrapper = `#!/bin/sh
if ! grep -q '^CapBnd:.*[13579bdf].\\{6\\}$' /proc/self/status; then
  previous= spec=
  for argument in "$@"; do
    case $previous in
      --bundle) spec=$argument/config.json ;;
      --process) spec=$argument ;;
    esac
    previous=$argument
  done
  [ -f "$spec" ] && sed -i -e 's/"CAP_SYS_RESOURCE",//g' -e 's/,"CAP_SYS_RESOURCE"//g' "$spec"
fi
exec runc "$@"
`;

/** A bridge with addresses that no other interface of this machine has. */
async function makeBridge(): Promise<{ bridge: string; net: number }> {
  const begin = process.pid % 250;
  for (let tries = 0; tries < 250; tries++) {
    const net = 1 + ((begin + tries) % 250);
    const bridge = `cptest${net}`;
    if ((await linksWith([`10.213.${net}.`, `10.214.${net}.`])).length > 0) continue;
    try {
      // Fails when another test has just made it.
      await run("ip", ["link", "add", bridge, "type", "bridge"]);
    } catch {
      continue;
    }
    await run("ip", ["address", "add", `10.213.${net}.1/24`, "dev", bridge]);
    await run("ip", ["link", "set", bridge, "up"]);
    return { bridge, net };
  }
  throw new Error("no bridge could be made");
}
