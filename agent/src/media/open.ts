import path from "node:path";
import { Fault, toFault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { AgentConfig } from "../config.ts";
import type { Fleet } from "../devices/fleet.ts";
import type { Store } from "../store/store.ts";
import { Recordings } from "./recordings.ts";
import { Screens } from "./screens.ts";
import { openServerFile } from "./scrcpy/server-file.ts";

const serverFileMs = 90_000;

interface Surroundings {
  readonly config: AgentConfig;
  readonly fleet: Pick<Fleet, "find">;
  readonly store: Pick<Store, "transaction">;
  readonly source: Source;
  tokenOf(deviceId: Id): number | null;
  /** How many days its films are kept, by whoever wished it; null: nobody did. */
  recordingDaysOf(deviceId: Id): number | null;
  readonly logger: Logger;
}

/** Live screens; without scrcpy's server there are none, and the agent goes on. */
export function openScreens(surroundings: Surroundings): Screens {
  const { config, fleet, store, logger } = surroundings;
  const { dataDir, scrcpyServer: configuredPath } = config;
  const stopping = new AbortController();
  let file: Promise<string> | null = null;
  const serverFile = (): Promise<string> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(serverFileMs)]);
    file ??= openServerFile({ dataDir, configuredPath, signal }).then(
      (found) => {
        logger.info({ file: found }, "scrcpy's server is the official one");
        return found;
      },
      (error: unknown) => {
        file = null;
        if (!stopping.signal.aborted)
          logger.warn({ reason: toFault(error).message }, "there are no live screens");
        throw error;
      },
    );
    return file;
  };
  return new Screens({
    openAdb: (deviceId) => {
      const device = fleet.find(deviceId);
      if (!device) throw new Fault("device_not_running", "The phone is not running.");
      return device.openAdb();
    },
    serverFile,
    recordings: recordingsOf(surroundings),
    onStop: () => stopping.abort(),
    hostAddresses: config.media.addresses,
    portRange: config.media.ports,
    onMeasured: (data, cause) => {
      store
        .transaction((tx) =>
          tx.emit({ type: "session.measured", subject: data.deviceId, data }, cause),
        )
        .catch((error: unknown) => logger.warn({ err: error }, "a session's figures are lost"));
    },
    logger,
  });
}

function recordingsOf(surroundings: Surroundings): Recordings {
  const { config, store, source, tokenOf, recordingDaysOf, logger } = surroundings;
  const { days, maxMiB } = config.recordings;
  return new Recordings({
    dir: path.join(config.dataDir, "recordings"),
    daysOf: (deviceId) => recordingDaysOf(deviceId) ?? days,
    mostBytes: maxMiB * 1024 ** 2,
    tokenOf: (deviceId) => tokenOf(deviceId) ?? 0,
    store,
    source,
    logger,
  });
}
