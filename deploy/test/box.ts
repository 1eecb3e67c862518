import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { eventually } from "../../e2e/api.ts";

const run = promisify(execFile);

/** Why no machine of our own can be started here, or null. In CI its absence is a failure, not a reason to skip. */
export function boxMissing(): string | null {
  const why = lacking();
  if (why !== null && process.env.CI === "true") throw new Error(`deploy tests must run: ${why}`);
  return why;
}

function lacking(): string | null {
  if (process.getuid?.() !== 0) return "a machine of our own needs root";
  for (const tool of ["mmdebstrap", "systemd-nspawn", "nsenter"])
    try {
      execFileSync("which", [tool], { stdio: "ignore" });
    } catch {
      return `no ${tool} here (apt-get install mmdebstrap systemd-container)`;
    }
  return null;
}

export interface Typed {
  readonly code: number;
  readonly output: string;
}

/**
 * A fresh machine: Debian from its packages in a folder of its own, booted with its own systemd. It shares only the network with this one,
 * so that a hub and a Docker daemon of the test can be reached.
 */
export class Box implements AsyncDisposable {
  readonly dir: string;
  #init: ChildProcess | null = null;
  #pid = 0;
  #console = "";

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Made, but off. */
  static async make(): Promise<Box> {
    const box = new Box(await mkdtemp(path.join(tmpdir(), "cloudphone-box-")));
    try {
      await makeRoot(box.root);
      return box;
    } catch (error) {
      await box[Symbol.asyncDispose]();
      throw error;
    }
  }

  get root(): string {
    return path.join(this.dir, "root");
  }

  /** As root in the box, through a shell. */
  async type(command: string, deadlineMs = 280_000): Promise<Typed> {
    const inside = ["-a", "-t", String(this.#pid), "env", "-i", ...environment(), "sh", "-c"];
    return run("nsenter", [...inside, `${command} 2>&1`], { timeout: deadlineMs }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      (error: { code?: number; stdout?: string; message: string }) => ({
        code: typeof error.code === "number" ? error.code : -1,
        output: error.stdout ?? error.message,
      }),
    );
  }

  /** What a command says, which must succeed. */
  async ask(command: string): Promise<string> {
    const { code, output } = await this.type(command);
    if (code !== 0) throw new Error(`\`${command}\` ended with ${code}: ${output.slice(-3000)}`);
    return output.trim();
  }

  /** Powered off; its folder stays until it is disposed of. */
  async powerOff(): Promise<void> {
    const init = this.#init;
    if (!init || init.exitCode !== null || init.signalCode !== null) return;
    const ended = once(init, "exit");
    await this.type("systemctl poweroff --force", 10_000);
    const late = setTimeout(() => init.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** `binds`: folders of this machine that are seen in it too. */
  async boot(binds: Readonly<Record<string, string>>): Promise<void> {
    const flags = Object.entries(binds).map(([here, there]) => `--bind=${here}:${there}`);
    const box = ["--boot", "--directory", this.root, "--register=no", "--keep-unit"];
    const init = spawn("systemd-nspawn", [...box, "--resolv-conf=copy-host", ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#init = init;
    for (const stream of [init.stdout, init.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#console = (this.#console + text).slice(-20_000);
      });
    await eventually(
      async () => {
        if (init.exitCode !== null) throw new Error(`the box ended: ${this.#console}`);
        this.#pid = await leaderOf(init.pid ?? 0);
        const { output } = await this.type("systemctl is-system-running", 5000);
        return /running|degraded/.test(output) ? true : null;
      },
      60_000,
      "the box's boot",
    );
  }
}

/** The box's own process 1, by its number here: what systemd-nspawn started. */
async function leaderOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8")),
  );
  return Number(lists.join(" ").trim().split(/\s+/)[0]);
}

/** What the box needs to fetch packages the way this machine does. */
const environment = (): string[] => [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LC_ALL=C",
  "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt",
  ...["npm_config_registry", "http_proxy", "https_proxy", "no_proxy"].flatMap((name) =>
    process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
  ),
];

const packages = ["systemd", "systemd-sysv", "dbus", "udev", "ca-certificates"];

async function makeRoot(root: string): Promise<void> {
  const { VERSION_CODENAME: release = "bookworm" } = Object.fromEntries(
    (await readFile("/etc/os-release", "utf8"))
      .split("\n")
      .map((line) => line.replaceAll('"', "").split("=") as [string, string]),
  );
  // A box that is thrown away need not be safe on disk.
  const hurry = "--dpkgopt=force-unsafe-io";
  const flags = ["--quiet", "--variant=minbase", hurry, `--include=${packages.join(",")}`];
  await run("mmdebstrap", [...flags, release, root], { timeout: 170_000 });
  // Certificates that this machine trusts beside Debian's: a company's own registry or proxy.
  const own = "/usr/local/share/ca-certificates";
  await mkdir(path.join(root, own), { recursive: true });
  await cp(own, path.join(root, own), { recursive: true }).catch(() => undefined);
  await run("chroot", [root, "update-ca-certificates"]);
}
