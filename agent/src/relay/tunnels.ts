import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { AdbDevice } from "../adb/adb.ts";
import { AdbTransport } from "../adb/transport.ts";
import { dialRelay, type RelayLine } from "./dial.ts";
import { judgeService, passedFeatures, type Rights } from "./services.ts";

export interface TunnelRequest extends Rights {
  readonly sessionId: Id;
  readonly deviceId: Id;
  /** Fencing token of the lease it serves; 0: none. */
  readonly token: number;
  readonly ticket: string;
  readonly device: AdbDevice;
  readonly timeoutMs: number;
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
  readonly line: RelayLine;
  readonly done: Promise<void>;
}

const serviceMs = 10_000;
const maxStreams = 64;

/** The host's ends of the sessions that people have with its devices: each dials the hub and then is, to the client, the device's own adb daemon. */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #open = new Map<Id, Tunnel>();
  #dialling = 0;
  #stopped = false;

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  /** Resolves when the line to the hub is open; from then on the tunnel lives by itself and owns the device's adb handle. */
  async open(request: TunnelRequest): Promise<void> {
    const { hubUrl, logger, maxTunnels = 100 } = this.#options;
    const { sessionId, deviceId, token, ticket, device, timeoutMs } = request;
    if (this.#stopped) throw new Fault("interrupted", "The host's agent is stopping.");
    if (this.#open.size + this.#dialling >= maxTunnels)
      throw new Fault("no_capacity", "The phone's host has as many sessions as it can hold.");
    this.#dialling++;
    try {
      const line = await dialRelay({ hubUrl, ticket, timeoutMs });
      const done = serve(line, request).then(async () => {
        this.#open.delete(sessionId);
        await device.close().catch(() => undefined);
        logger.info({ sessionId, deviceId, reason: await line.ended }, "a session ended");
      });
      this.#open.set(sessionId, { deviceId, token, line, done });
      if (this.#stopped) line.stream.destroy();
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
      if (tunnel.deviceId === deviceId && tunnel.token !== token) tunnel.line.stream.destroy();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const tunnels = [...this.#open.values()];
    for (const tunnel of tunnels) tunnel.line.stream.destroy();
    await Promise.all(tunnels.map((tunnel) => tunnel.done));
  }
}

async function serve({ stream }: RelayLine, request: TunnelRequest): Promise<void> {
  const { device } = request;
  const transport = new AdbTransport(stream, {
    maxStreams,
    banner: async () => {
      const features = await device.features({ timeoutMs: serviceMs });
      return `device::features=${passedFeatures(features).join(",")}`;
    },
    onOpen: async (service) => {
      const verdict = judgeService(service, request);
      if (verdict.kind !== "pass") return null;
      return device.open(service, { timeoutMs: serviceMs });
    },
  });
  await transport.run();
}
