import type { Duplex } from "node:stream";
import type { AdbWatch } from "./adb.ts";
import type { Connector } from "./connect.ts";
import { parseDeviceList, type SeenDevice } from "./device-list.ts";
import type { ServerDoor } from "./server.ts";

const pollMs = 2000;
const askMs = 3000;
const connectMs = 4000;
const backoff = { firstMs: 250, longestMs: 15_000 };

/**
 * What one adb server sees, and the addresses it is to stay connected to. The list is asked for every two seconds; `track-devices` only makes it
 * ask sooner, since it keeps silent for a minute about some phones that are gone. A server that ended is started again (with growing pauses when
 * it keeps ending), tracked anew, and connected to every address anew: it comes back knowing of none.
 */
export class ServerWatch implements AdbWatch {
  readonly #door: ServerDoor;
  readonly #connector: Connector;
  readonly #addresses = new Map<string, Address>();
  readonly #listeners = new Set<() => void>();
  #devices: readonly SeenDevice[] | null = null;
  #problem: string | null = null;
  #tracker: Duplex | null = null;
  #wake: (() => void) | null = null;
  #woken = false;
  #failures = 0;
  #stopped = false;
  #looked = Promise.withResolvers<void>();

  constructor(door: ServerDoor, connector: Connector) {
    this.#door = door;
    this.#connector = connector;
  }

  start(): this {
    void this.#loop();
    return this;
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#tracker?.destroy();
    this.#looked.resolve();
    this.#hurry();
  }

  get devices(): readonly SeenDevice[] | null {
    return this.#devices;
  }

  get problem(): string | null {
    return this.#problem;
  }

  keep(addresses: readonly string[]): void {
    for (const address of addresses)
      if (!this.#addresses.has(address))
        this.#addresses.set(address, { busy: false, failures: 0, notBeforeMs: 0, problem: null });
    this.#hurry();
  }

  problemOf(address: string): string | null {
    return this.#addresses.get(address)?.problem ?? null;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async look(): Promise<void> {
    if (this.#stopped) return;
    this.#hurry();
    await this.#looked.promise;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false;
      const looked = this.#looked;
      await this.#look();
      this.#looked = Promise.withResolvers();
      looked.resolve();
      const pauseMs =
        this.#failures === 0
          ? pollMs
          : Math.min(backoff.firstMs * 2 ** (this.#failures - 1), backoff.longestMs);
      await this.#pause(pauseMs);
    }
  }

  async #look(): Promise<void> {
    const limits = { timeoutMs: askMs, what: "the adb server did not list its devices" };
    try {
      await this.#track();
      const seen = parseDeviceList(await this.#door.ask("host:devices-l", limits));
      this.#failures = 0;
      this.#take(seen, null);
      this.#reconnect(seen);
    } catch (error) {
      this.#failures++;
      this.#take(null, error instanceof Error ? error.message : String(error));
    }
  }

  async #track(): Promise<void> {
    if (this.#tracker && !this.#tracker.destroyed) return;
    const tracker = await this.#door.follow("host:track-devices", {
      timeoutMs: askMs,
      what: "the adb server does not tell of changes",
    });
    tracker.on("error", () => undefined);
    tracker.on("data", () => this.#hurry());
    tracker.once("end", () => tracker.destroy());
    tracker.once("close", () => {
      // It ended with its server: whatever was known of an address is known of another server.
      for (const address of this.#addresses.values())
        Object.assign(address, { failures: 0, notBeforeMs: 0 });
      this.#hurry();
    });
    this.#tracker = tracker;
    if (this.#stopped) tracker.destroy();
  }

  #take(seen: readonly SeenDevice[] | null, problem: string | null): void {
    const changed = JSON.stringify(seen) !== JSON.stringify(this.#devices);
    this.#devices = seen;
    this.#problem = problem;
    if (changed) this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Each address by itself: one that hangs holds up no other. */
  #reconnect(seen: readonly SeenDevice[]): void {
    for (const [address, state] of this.#addresses) {
      const usable = seen.some((one) => one.serial === address && one.state === "device");
      if (usable) Object.assign(state, { failures: 0, problem: null });
      else if (!state.busy && performance.now() >= state.notBeforeMs)
        void this.#connect(address, state);
    }
  }

  async #connect(address: string, state: Address): Promise<void> {
    state.busy = true;
    try {
      await this.#connector.connect(address, { timeoutMs: connectMs });
      state.failures = 0;
      state.problem = null;
    } catch (error) {
      const before = state.problem;
      state.failures++;
      state.problem = error instanceof Error ? error.message : String(error);
      state.notBeforeMs =
        performance.now() + Math.min(backoff.firstMs * 2 ** state.failures, backoff.longestMs);
      if (state.problem !== before) this.#notify();
    } finally {
      state.busy = false;
      this.#hurry();
    }
  }

  #hurry(): void {
    this.#woken = true;
    this.#wake?.();
  }

  #pause(ms: number): Promise<void> {
    // After a failure nothing hurries: the pause is what keeps a broken server from being asked all the time.
    if (this.#stopped || (this.#woken && this.#failures === 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#wake = () => {
        if (this.#failures > 0 && !this.#stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

interface Address {
  busy: boolean;
  failures: number;
  notBeforeMs: number;
  problem: string | null;
}
