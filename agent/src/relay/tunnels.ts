import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import { dialRelay, type RelayLine, type ServedLine } from "./dial.ts";

export interface TunnelRequest {
  readonly sessionId: Id;
  readonly deviceId: Id;
  /** Fencing token of the lease it serves; 0: none. */
  readonly token: number;
  readonly ticket: string;
  readonly timeoutMs: number;
  /** What the session is for: takes the line, once it is open. */
  serve(line: RelayLine): ServedLine;
}

export interface TunnelsOptions {
  readonly hubUrl: string;
  readonly logger: Logger;
  /** The fencing token under which a device may be used now; null: none. */
  readonly tokenOf: (deviceId: Id) => number | null;
  readonly maxTunnels?: number;
}

interface Tunnel {
  readonly deviceId: Id;
  readonly token: number;
  readonly served: ServedLine;
  readonly done: Promise<void>;
}

/** The host's ends of the sessions that people have with its devices: each dials the hub and serves what it is for. */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #open = new Map<Id, Tunnel>();
  #dialling = 0;
  #stopped = false;

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  /** Resolves when the line to the hub is open; from then on the session lives by itself. */
  async open(request: TunnelRequest): Promise<void> {
    const { hubUrl, logger, maxTunnels = 100 } = this.#options;
    const { sessionId, deviceId, token, ticket, timeoutMs } = request;
    if (this.#stopped) throw new Fault("interrupted", "The host's agent is stopping.");
    if (this.#open.size + this.#dialling >= maxTunnels)
      throw new Fault("no_capacity", "The phone's host has as many sessions as it can hold.");
    this.#dialling++;
    try {
      const line = await dialRelay({ hubUrl, ticket, timeoutMs });
      const served = request.serve(line);
      const done = served.done.then(async () => {
        this.#open.delete(sessionId);
        logger.info({ sessionId, deviceId, reason: await line.ended }, "a session ended");
      });
      this.#open.set(sessionId, { deviceId, token, served, done });
      if (this.#stopped) served.end();
      // The lease may have ended while it dialled.
      this.fence(deviceId);
    } finally {
      this.#dialling--;
    }
  }

  /** The device's lease may be another one by now: sessions of any but that end at once, whatever the hub does. */
  fence(deviceId: Id): void {
    const token = this.#options.tokenOf(deviceId);
    for (const tunnel of this.#open.values())
      if (tunnel.deviceId === deviceId && tunnel.token !== token) tunnel.served.end();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const tunnels = [...this.#open.values()];
    for (const tunnel of tunnels) tunnel.served.end();
    await Promise.all(tunnels.map((tunnel) => tunnel.done));
  }
}
