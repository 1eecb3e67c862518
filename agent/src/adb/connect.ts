import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import { type Limits, within } from "./deadline.ts";
import type { ServerDoor } from "./server.ts";

const lookAgainMs = 50;
const connectMs = 5000;
const settleMs = 1000;

/**
 * `adb connect`, until the server calls the device usable. Once at a time for an address, whoever asks: two at once would drop each other's
 * connection. For a transport that went offline the server answers "already connected", which means nothing: it is disconnected first.
 */
export class Connector {
  readonly #door: ServerDoor;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(door: ServerDoor) {
    this.#door = door;
  }

  /** `anew`: also drops a connection that the server takes for good. */
  connect(address: string, { timeoutMs, anew = false }: ConnectOptions): Promise<void> {
    const known = this.#underWay.get(address);
    const work =
      known ??
      new Attempt(this.#door, address).run(anew).finally(() => this.#underWay.delete(address));
    this.#underWay.set(address, work);
    return within(work, { timeoutMs, what: `adb could not connect to ${address}` });
  }
}

interface ConnectOptions {
  readonly timeoutMs: number;
  readonly anew?: boolean;
}

class Attempt {
  readonly #door: ServerDoor;
  readonly #address: string;
  readonly #until = performance.now() + connectMs;

  constructor(door: ServerDoor, address: string) {
    this.#door = door;
    this.#address = address;
  }

  async run(anew: boolean): Promise<void> {
    for (let seen = anew ? "" : await this.#state(); seen !== "device"; ) {
      if (seen !== null) await this.#ask("disconnect").catch(() => undefined);
      const said = await this.#ask("connect");
      // Both of these are answered with OKAY: "failed to connect to …" too.
      if (!/^(already )?connected to/.test(said))
        throw new Fault("unavailable", `adb could not connect to ${this.#address}: ${said.trim()}`);
      seen = await this.#settle();
    }
  }

  /** Its state, given a moment to become "device"; then the caller begins anew, since somebody else may have dropped the connection. */
  async #settle(): Promise<string | null> {
    const until = performance.now() + settleMs;
    for (;;) {
      const seen = await this.#state();
      if (seen === "unauthorized")
        throw new Fault(
          "unavailable",
          `${this.#address} has not allowed this host to use adb: accept the dialog on its screen.`,
        );
      if (seen === "device" || performance.now() > until) return seen;
      await delay(lookAgainMs);
    }
  }

  async #state(): Promise<string | null> {
    const what = "adb did not list its devices";
    const list = await this.#door.ask("host:devices", this.#limits(what));
    const lines = list.split("\n").map((line) => line.split("\t"));
    return lines.find(([serial]) => serial === this.#address)?.[1] ?? null;
  }

  #ask(verb: "connect" | "disconnect"): Promise<string> {
    const what = `adb could not ${verb} ${this.#address}`;
    return this.#door.ask(`host:${verb}:${this.#address}`, this.#limits(what));
  }

  #limits(what: string): Limits {
    return { timeoutMs: this.#until - performance.now(), what };
  }
}
