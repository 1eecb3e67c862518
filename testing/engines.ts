import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";

/** Debian's own servers, as an operator would run them beside several hubs: each in a folder of its own, on a free port of this machine. */
export interface Engine extends AsyncDisposable {
  readonly port: number;
}

export interface MosquittoEngine extends Engine {
  readonly user: string;
  readonly password: string;
  /** For a hub, with the user that administers its register. */
  readonly url: string;
}

const run = promisify(execFile);
const readyMs = 30_000;
const isRoot = process.getuid?.() === 0;

/** Why they can't be had here, in words; null when they can. CI installs both (.ci/run). */
export function missingEngines(): string | null {
  const missing = [
    ...(mosquittoPlugin() ? [] : ["mosquitto"]),
    ...(postgresFolder() ? [] : ["postgresql"]),
  ];
  return missing.length === 0 ? null : `apt-get install ${missing.join(" ")}`;
}

/** Mosquitto with its dynamic security plugin, as `mosquitto_ctrl dynsec init` leaves it. */
export async function startMosquitto(dir: string): Promise<MosquittoEngine> {
  await mkdir(dir, { recursive: true });
  const [user, password] = ["hub", "an-operator-chose-this"];
  const register = path.join(dir, "dynamic-security.json");
  await rm(register, { force: true });
  await run("mosquitto_ctrl", ["dynsec", "init", register, user, password]);
  const port = await freePort();
  const file = path.join(dir, "mosquitto.conf");
  await writeFile(
    file,
    [
      ...(isRoot ? ["user root"] : []),
      `listener ${port} 127.0.0.1`,
      "allow_anonymous false",
      `plugin ${mosquittoPlugin()}`,
      `plugin_opt_config_file ${register}`,
      "max_packet_size 262144",
      "max_inflight_messages 1000",
      "max_queued_messages 100000",
      "set_tcp_nodelay true",
    ].join("\n"),
  );
  const engine = await start(["mosquitto", "-c", file], port, "SIGTERM");
  return { ...engine, user, password, url: `mqtt://${user}:${password}@127.0.0.1:${port}` };
}

/** PostgreSQL over TCP, its superuser `postgres` without a password; durable as it comes, unless `settings` say otherwise. */
export async function startPostgres(
  dir: string,
  settings: readonly string[] = [],
): Promise<Engine> {
  const bin = postgresFolder() ?? "";
  const data = path.join(dir, "data");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // PostgreSQL refuses to run as root: there root is called nobody.
  const asNobody = isRoot ? ["unshare", "--user", "--map-user=65534", "--map-group=65534"] : [];
  if (!existsSync(data)) {
    const initdb = [...asNobody, path.join(bin, "initdb"), "-D", data, "-U", "postgres"];
    const [command, ...args] = [...initdb, "--auth=trust", "--locale=C.UTF-8"];
    await run(command, args);
  }
  const port = await freePort();
  const flags = [
    ...["listen_addresses=127.0.0.1", `unix_socket_directories=${dir}`, "max_connections=200"],
    ...settings,
  ].flatMap((setting) => ["-c", setting]);
  const server = [...asNobody, path.join(bin, "postgres"), "-D", data, "-p", String(port)];
  return start([...server, ...flags], port, "SIGINT");
}

/** Resolves once it takes connections. It ends with the test's process, however that ends. */
async function start(
  words: readonly string[],
  port: number,
  signal: NodeJS.Signals,
): Promise<Engine> {
  const dying = `--pdeathsig=${signal.slice(3)}`;
  const [command, ...args] = ["setpriv", dying, "--", ...words];
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const giveUpAt = performance.now() + readyMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      child.kill("SIGKILL");
      throw new Error(`${words.join(" ")} did not start: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill(signal);
      await ended;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function mosquittoPlugin(): string | null {
  const libraries = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  return (
    libraries
      .map((name) => path.join("/usr/lib", name, "mosquitto_dynamic_security.so"))
      .find((file) => existsSync(file)) ?? null
  );
}

/** Debian keeps each major release's programs in a folder of its own; the newest. */
function postgresFolder(): string | null {
  const root = "/usr/lib/postgresql";
  const releases = existsSync(root) ? readdirSync(root) : [];
  const newest = releases.toSorted((a, b) => Number(a) - Number(b)).at(-1);
  return newest === undefined ? null : path.join(root, newest, "bin");
}
