import { randomInt } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { IceServer, Quality } from "@cloudphone/shared/live";
import type { RelayEndReason } from "@cloudphone/shared/relay";
import type { Logger } from "pino";
import type { AdbDevice } from "../adb/adb.ts";
import type { Cause } from "../store/store.ts";
import type { RelayLine, ServedLine } from "../relay/dial.ts";
import type { KeptFilm, Recordings } from "./recordings.ts";
import { Screen } from "./screen.ts";
import { clipboard } from "./scrcpy/clipboard.ts";
import { pushServerFile } from "./scrcpy/server-file.ts";
import { ScrcpySession } from "./scrcpy/session.ts";
import { Viewer } from "./viewer.ts";

export interface ScreensOptions {
  openAdb(deviceId: Id): Promise<AdbDevice>;
  /** Path of scrcpy's verified server; rejects with a Fault that says what to do. */
  serverFile(): Promise<string>;
  /** Once, when it stops: what is still being fetched is called off. */
  onStop?(): void;
  readonly hostAddresses: readonly string[];
  readonly portRange: readonly [number, number] | null;
  /** How a session went for its viewer, once, at its end. */
  onMeasured(measured: MeasuredSession, cause: Cause): void;
  /** Where screens are filmed; left out: they are not. */
  readonly recordings?: Recordings | null;
  readonly logger: Logger;
}

export interface MeasuredSession {
  readonly sessionId: Id;
  readonly deviceId: Id;
  readonly quality: Quality;
}

export interface ViewerRequest {
  readonly sessionId: Id;
  readonly deviceId: Id;
  readonly viewOnly: boolean;
  readonly sound: boolean;
  readonly iceServers: readonly IceServer[];
  readonly relayOnly: boolean;
  /** What asked for the session. */
  readonly cause: Cause;
}

const pushMs = 20_000;
const warmUpMs = 30_000;
/** After these a viewer with a direct connection goes on seeing until it has found the hub again. */
const passing: ReadonlySet<RelayEndReason | null> = new Set([null, "hub_stopping", "peer_lost"]);

/** The screens of all phones of this host: one each, made with its first viewer. */
export class Screens {
  readonly #options: ScreensOptions;
  readonly #screens = new Map<Id, Screen>();
  #warming: NodeJS.Timeout | null = null;

  constructor(options: ScreensOptions) {
    this.#options = options;
  }

  /** Serves one viewer on a line to the relay. */
  serve(line: RelayLine, request: ViewerRequest): ServedLine {
    const { hostAddresses, portRange } = this.#options;
    const { deviceId, sessionId, iceServers, relayOnly, cause } = request;
    const logger = this.#options.logger.child({ deviceId, sessionId });
    const viewer = new Viewer({
      screen: this.#screenOf(deviceId),
      stream: line.stream,
      mayControl: !request.viewOnly,
      mayHear: request.sound,
      clipboard: async (text) => {
        const signal = AbortSignal.timeout(pushMs);
        return clipboard(await this.#withServer(deviceId, signal), text, {
          scid: newScid(),
          signal,
        });
      },
      peer: { iceServers, relayOnly, hostAddresses, portRange },
      logger,
    });
    const run = viewer.run(async () => passing.has(await line.ended));
    return {
      done: run.then(() => {
        const { quality } = viewer;
        if (quality) this.#options.onMeasured({ sessionId, deviceId, quality }, cause);
      }),
      end: () => viewer.end(),
    };
  }

  /** Looks at scrcpy's server, and prepares for the first viewer once the host's own start is over. */
  start(): void {
    this.#options.recordings?.start();
    // Beside everything else: a host that can't have live screens is a host all the same, and why is in its log.
    this.#options.serverFile().catch(() => undefined);
    this.#warming = setTimeout(() => {
      import("./peer.ts")
        .then(({ warmUp }) => warmUp())
        .catch((error: unknown) =>
          this.#options.logger.warn({ err: error }, "WebRTC could not be made ready"),
        );
    }, warmUpMs);
    this.#warming.unref();
  }

  async stop(): Promise<void> {
    this.#options.onStop?.();
    if (this.#warming) clearTimeout(this.#warming);
    await Promise.all([...this.#screens.values()].map((screen) => screen.stop()));
    this.#screens.clear();
    await this.#options.recordings?.stop();
  }

  /** What is wished for a device is another: whether its screen is filmed may be, too. */
  heedPolicy(deviceId: Id): void {
    this.#screens.get(deviceId)?.heedPolicy();
  }

  /** A film that this host has kept. */
  async recording(recordingId: Id): Promise<KeptFilm> {
    if (this.#options.recordings) return this.#options.recordings.open(recordingId);
    throw new Fault("not_found", "This host keeps no recordings.");
  }

  #screenOf(deviceId: Id): Screen {
    const known = this.#screens.get(deviceId);
    if (known) return known;
    const logger = this.#options.logger.child({ deviceId });
    const screen = new Screen({
      logger,
      recorder: this.#options.recordings?.recorder(deviceId),
      openSession: async (profile, events, signal) => {
        const device = await this.#withServer(deviceId, signal);
        const scid = newScid();
        return await ScrcpySession.open(device, { profile, audio: true, scid, events, signal });
      },
    });
    this.#screens.set(deviceId, screen);
    return screen;
  }

  /** The phone, with scrcpy's server on it. */
  async #withServer(deviceId: Id, signal: AbortSignal): Promise<AdbDevice> {
    const serverFile = await this.#options.serverFile();
    const device = await this.#options.openAdb(deviceId);
    await pushServerFile(device, serverFile, { timeoutMs: pushMs, signal });
    return device;
  }
}

const newScid = (): number => randomInt(2 ** 31 - 1);
