import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Why this machine can have no network namespace with a filter; null: it can. */
export const netMissing = ((): string | null => {
  const probe = `cloudphone-probe-${process.pid}`;
  try {
    execFileSync("ip", ["netns", "add", probe], { stdio: "ignore" });
    execFileSync("ip", ["netns", "exec", probe, "iptables", "-L", "-n"], { stdio: "ignore" });
    return null;
  } catch {
    return "no network namespaces here (root, iproute2 and iptables)";
  } finally {
    try {
      execFileSync("ip", ["netns", "del", probe], { stdio: "ignore" });
    } catch {
      // It was never made.
    }
  }
})();

/** A network of its own for a viewer, one cable away from this machine, in which no UDP is sent: an office's firewall. */
export class ViewersNet implements AsyncDisposable {
  /** This machine's address on the cable. */
  readonly hostAddress: string;
  readonly #name: string;
  #dir = "";

  private constructor(name: string, hostAddress: string) {
    this.#name = name;
    this.hostAddress = hostAddress;
  }

  static async open(): Promise<ViewersNet> {
    const id = process.pid % 16_000;
    const name = `cloudphone-${process.pid}`;
    const [here, there] = [`cph${id}`, `cpv${id}`];
    // A /30 of a private block for each process: 10.203.0.0/16 has 16,384 of them.
    const address = (host: number): string => `10.203.${id >> 6}.${((id & 63) << 2) + host}`;
    const net = new ViewersNet(name, address(1));
    await run("ip", ["netns", "add", name]);
    try {
      await run("ip", ["link", "add", here, "type", "veth", "peer", "name", there, "netns", name]);
      await run("ip", ["addr", "add", `${address(1)}/30`, "dev", here]);
      await run("ip", ["link", "set", here, "up"]);
      await net.#inside("ip", ["addr", "add", `${address(2)}/30`, "dev", there]);
      await net.#inside("ip", ["link", "set", there, "up"]);
      await net.#inside("ip", ["link", "set", "lo", "up"]);
      await net.#inside("iptables", ["-A", "OUTPUT", "-p", "udp", "-j", "DROP"]);
      return net;
    } catch (error) {
      await net[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A program that runs `executable`, with the arguments it is given, in this network. */
  async launcher(executable: string): Promise<string> {
    this.#dir = await mkdtemp(path.join(tmpdir(), "cloudphone-net-"));
    const file = path.join(this.#dir, "launch");
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.#name} ${executable} "$@"\n`);
    await chmod(file, 0o755);
    return file;
  }

  async #inside(command: string, args: readonly string[]): Promise<void> {
    await run("ip", ["netns", "exec", this.#name, command, ...args]);
  }

  /** The cable goes with the namespace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run("ip", ["netns", "del", this.#name]);
    if (this.#dir) await rm(this.#dir, { recursive: true, force: true });
  }
}
