import { once } from "node:events";
import { createServer } from "node:net";
import { Fault } from "@cloudphone/shared/fault";

export interface PortRange {
  readonly firstPort: number;
  readonly lastPort: number;
  readonly adbHost: string;
}

/**
 * Hands out the ports that adb is published on. Docker would take any, but another one at every start; ours stay. One that is handed out is held until the
 * container that carries it is made, since creations run side by side. One that was given back comes last: adb servers remember addresses for a while.
 */
export class Ports {
  readonly #range: PortRange;
  readonly #probe: boolean;
  readonly #held = new Set<number>();
  #next: number;

  /** With `probe`, each port is tried first: Docker's machine is this one. */
  constructor(range: PortRange, { probe }: { probe: boolean }) {
    this.#range = range;
    this.#probe = probe;
    this.#next = range.firstPort;
  }

  /** `no_capacity` when all are taken. */
  async hold(taken: ReadonlySet<number>): Promise<Disposable & { readonly port: number }> {
    const { firstPort, lastPort, adbHost } = this.#range;
    for (let tries = firstPort; tries <= lastPort; tries++) {
      const port = this.#next;
      this.#next = port >= lastPort ? firstPort : port + 1;
      if (taken.has(port) || this.#held.has(port)) continue;
      this.#held.add(port);
      if (!this.#probe || (await isFree(port, adbHost)))
        return { port, [Symbol.dispose]: () => this.#held.delete(port) };
      this.#held.delete(port);
    }
    throw new Fault(
      "no_capacity",
      `All ports from ${firstPort} to ${lastPort} are taken; widen CLOUDPHONE_DOCKER_FIRST_PORT and CLOUDPHONE_DOCKER_LAST_PORT.`,
    );
  }
}

async function isFree(port: number, host: string): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, "listening");
    return true;
  } catch {
    return false;
  } finally {
    if (probe.listening) {
      probe.close();
      await once(probe, "close");
    }
  }
}
