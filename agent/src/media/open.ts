import { Fault, toFault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import type { AgentConfig } from "../config.ts";
import type { Fleet } from "../devices/fleet.ts";
import type { Store } from "../store/store.ts";
import { Screens } from "./screens.ts";
import { openServerFile } from "./scrcpy/server-file.ts";

const serverFileMs = 90_000;

/** Live screens; without scrcpy's server there are none, and the agent goes on. */
export function openScreens({
  config,
  fleet,
  store,
  logger,
}: {
  config: AgentConfig;
  fleet: Pick<Fleet, "find">;
  store: Pick<Store, "transaction">;
  logger: Logger;
}): Screens {
  const { dataDir, scrcpyServer: configuredPath } = config;
  const stopping = new AbortController();
  let file: Promise<string> | null = null;
  const serverFile = (): Promise<string> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(serverFileMs)]);
    file ??= openServerFile({ dataDir, configuredPath, signal }).then(
      (path) => {
        logger.info({ file: path }, "scrcpy's server is the official one");
        return path;
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
