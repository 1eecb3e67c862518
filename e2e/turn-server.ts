import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "./api.ts";

/** Why there is no TURN server to test with; null: there is one. */
export const turnMissing =
  spawnSync("turnserver", ["--version"]).error === undefined
    ? null
    : "no turnserver (apt-get install coturn)";

export interface TurnOptions {
  readonly secret: string;
  /** Where it listens, by UDP and TCP. */
  readonly address: string;
  /** Where it relays from. */
  readonly relayAddress: string;
}

/** A TURN server as `deploy/` sets it up, one that also relays to loopback. */
export class TurnServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(url: string, process: ChildProcess, dir: string) {
    this.url = url;
    this.#process = process;
    this.#dir = dir;
  }

  static async start({ secret, address, relayAddress }: TurnOptions): Promise<TurnServer> {
    const port = await freePort(address);
    const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-turn-"));
    const args = [
      "-n",
      "--use-auth-secret",
      `--static-auth-secret=${secret}`,
      "--realm=cloudphone",
      `--listening-ip=${address}`,
      `--listening-port=${port}`,
      `--relay-ip=${relayAddress}`,
      "--allow-loopback-peers",
      "--no-cli",
      "--no-tls",
      "--no-dtls",
      "--log-file=stdout",
      `--pidfile=${path.join(dir, "pid")}`,
      `--userdb=${path.join(dir, "db")}`,
    ];
    const server = spawn("turnserver", args, { cwd: dir, stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    server.stdout.on("data", (data: Buffer) => (output += data.toString()));
    const turn = new TurnServer(`turn:${address}:${port}`, server, dir);
    const isUp = () => Promise.resolve(output.includes("Total General servers") ? true : null);
    await eventually(isUp, 30_000, "the TURN server");
    return turn;
  }

  /** It is gone, and what it relayed with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill("SIGKILL");
      await once(this.#process, "exit");
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function freePort(address: string): Promise<number> {
  const socket = createSocket("udp4").bind(0, address);
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}
