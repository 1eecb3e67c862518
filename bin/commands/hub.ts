import path from "node:path";
import { hubConfigSchema } from "@cloudphone/hub/config";
import type { Command } from "commander";
import { createLogger, untilStopped } from "./daemon.ts";
import { hubEnvironment, readSettings } from "./settings.ts";

interface HubFlags {
  readonly data?: string;
  readonly host?: string;
  readonly port?: string;
  readonly mqttPort?: string;
  readonly config?: string;
  readonly logLevel?: string;
  readonly demo?: boolean;
}

export const hubCommand = (program: Command): void => {
  program
    .command("hub")
    .description("run a hub alone; agents enrol with a token from `cloudphone hosts enroll-token`")
    .option("--data <folder>", "where everything is kept (default: ./data)")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "HTTP port (default: 30000)")
    .option("--mqtt-port <port>", "MQTT port (default: 1883)")
    .option("--config <file>", "JSON file with settings that flags and environment don't give")
    .option("--log-level <level>", "trace, debug, info, warn, error (default: info)")
    .option("--demo", "with the demo plans and the demo customer")
    .action(async (flags: HubFlags) => {
      const [{ startHub }, { systemSource }] = await Promise.all([
        import("@cloudphone/hub/hub"),
        import("@cloudphone/hub/platform/source"),
      ]);
      const logger = await createLogger(
        flags.logLevel ?? process.env.CLOUDPHONE_LOG_LEVEL ?? "info",
      );
      const { data, host, port, mqttPort, demo } = flags;
      const dataDir = path.resolve(data ?? process.env.CLOUDPHONE_DATA ?? "data");
      const config = readSettings(hubConfigSchema, {
        file: flags.config,
        env: hubEnvironment(),
        flags: { dataDir, host, port, mqttPort, demo },
      });
      const hub = await startHub({ config, source: systemSource, logger });
      const { httpPort, mqttPort: openMqttPort, seeded } = hub;
      process.stdout.write(
        `${JSON.stringify({ ready: true, httpPort, mqttPort: openMqttPort, accounts: seeded.file })}\n`,
      );
      await untilStopped(() => hub.stop());
    });
};
