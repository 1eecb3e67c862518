import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import { type Limits, within } from "./deadline.ts";
import type { ServerDoor } from "./server.ts";

const lookAgainMs = 50;
const connectMs = 5000;

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

  connect(address: string, { timeoutMs }: { timeoutMs: number }): Promise<void> {
    const known = this.#underWay.get(address);
    const work =
      known ??
      connect(this.#door, address, connectMs).finally(() => this.#underWay.delete(address));
    this.#underWay.set(address, work);
    return within(work, { timeoutMs, what: `adb could not connect to ${address}` });
  }
}

async function connect(door: ServerDoor, address: string, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  const limits = (what: string): Limits => ({ timeoutMs: until - performance.now(), what });
  const state = async (): Promise<string | null> => {
    const list = await door.ask("host:devices", limits("adb did not list its devices"));
    const lines = list.split("\n").map((line) => line.split("\t"));
    return lines.find(([serial]) => serial === address)?.[1] ?? null;
  };
  let seen = await state();
  if (seen === "device") return;
  if (seen !== null)
    await door
      .ask(`host:disconnect:${address}`, limits("adb did not answer"))
      .catch(() => undefined);
  const said = await door.ask(
    `host:connect:${address}`,
    limits(`adb could not connect to ${address}`),
  );
  // Both of these are answered with OKAY: "failed to connect to …" too.
  if (!/^(already )?connected to/.test(said))
    throw new Fault("unavailable", `adb could not connect to ${address}: ${said.trim()}`);
  for (seen = await state(); seen !== "device"; seen = await state()) {
    if (seen === "unauthorized")
      throw new Fault(
        "unavailable",
        `${address} has not allowed this host to use adb: accept the dialog on its screen.`,
      );
    await delay(lookAgainMs);
  }
}
