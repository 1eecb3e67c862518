import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Contents } from "./contents.ts";

/** Which phone a device is, and what was on it before its first customer. One file each, in the agent's data folder. */
export interface Claim {
  readonly v: 1;
  readonly deviceId: Id;
  /** Empty for a phone without one; then its place counts. */
  readonly serial: string;
  /** Where it was plugged in: "usb:1-2"; null for one on TCP. */
  readonly path: string | null;
  /** Another one each time the device is started; null while it is stopped. */
  readonly session: string | null;
  /** What a wipe brings it back to; null until it was looked at. */
  readonly baseline: Contents | null;
  /** It was started since it was last wiped: something of a customer may be on it. */
  readonly used: boolean;
  /** The device is destroyed, and its phone waits for a wipe that could not be done then. */
  readonly released: boolean;
}

/** The claims on disk; read anew each time, so that what is there is what counts. Each is replaced in one step. */
export class Claims {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  all(): Claim[] {
    let names: string[];
    try {
      names = readdirSync(this.#dir);
    } catch {
      return [];
    }
    return names
      .filter((name) => name.endsWith(".json"))
      .map((name) => this.#read(path.join(this.#dir, name)))
      .filter((claim) => claim !== null);
  }

  find(deviceId: Id): Claim | null {
    return this.#read(this.#fileOf(deviceId));
  }

  put(claim: Claim): Claim {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const file = this.#fileOf(claim.deviceId);
    const part = `${file}.part`;
    const descriptor = openSync(part, "w", 0o600);
    try {
      writeSync(descriptor, JSON.stringify(claim));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(part, file);
    return claim;
  }

  /** Changes one that is there; null when it is gone. */
  change(deviceId: Id, change: Partial<Claim>): Claim | null {
    const claim = this.find(deviceId);
    return claim && this.put({ ...claim, ...change });
  }

  remove(deviceId: Id): void {
    rmSync(this.#fileOf(deviceId), { force: true });
  }

  #fileOf(deviceId: Id): string {
    if (!/^[\w-]+$/.test(deviceId)) throw new Fault("bad_input", "That is no device's id.");
    return path.join(this.#dir, `${deviceId}.json`);
  }

  #read(file: string): Claim | null {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return null;
    }
    try {
      return JSON.parse(text) as Claim;
    } catch (cause) {
      // Never taken for free: a phone whose claim can't be read may hold a customer's data.
      throw new Fault("device_failed", `${file} can't be read; restore it or remove it by hand.`, {
        cause,
      });
    }
  }
}
