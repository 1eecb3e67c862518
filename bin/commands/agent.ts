import path from "node:path";
import { agentConfigSchema } from "@cloudphone/agent/config";
import type { Command } from "commander";
import { createLogger, untilStopped } from "./daemon.ts";
import { agentEnvironment, readSettings } from "./settings.ts";

interface AgentFlags {
  readonly data?: string;
  readonly config?: string;
  readonly logLevel?: string;
}

export const agentCommand = (program: Command): void => {
  program
    .command("agent")
    .description("run this host's agent; enrol it first with `cloudphone enroll TOKEN`")
    .option(
      "--data <folder>",
      "where the agent keeps its store and credentials (default: ./data/agent)",
    )
    .option("--config <file>", "JSON file with settings that flags and environment don't give")
    .option("--log-level <level>", "trace, debug, info, warn, error (default: info)")
    .action(async (flags: AgentFlags) => {
      const [{ startAgent }, { systemSource }, { openServerFile }] = await Promise.all([
        import("@cloudphone/agent/agent"),
        import("@cloudphone/agent/source"),
        import("@cloudphone/agent/media/scrcpy/server-file"),
      ]);
      const logger = createLogger(flags.logLevel ?? process.env.CLOUDPHONE_LOG_LEVEL ?? "info");
      const dataDir = path.resolve(flags.data ?? process.env.CLOUDPHONE_DATA ?? "data/agent");
      const config = readSettings(agentConfigSchema, {
        file: flags.config,
        env: agentEnvironment(),
        flags: { dataDir },
      });
      const agent = await startAgent({ config, source: systemSource, logger });
      process.stdout.write(`${JSON.stringify({ ready: true, hostId: agent.hostId })}\n`);
      const stopping = new AbortController();
      const { signal } = stopping;
      // Beside everything else: a host that can't have live screens is a host all the same.
      openServerFile({ dataDir, configuredPath: config.scrcpyServer, signal }).then(
        (file) => logger.info({ file }, "scrcpy's server is the official one"),
        (error: unknown) => signal.aborted || logger.warn(`no live screens: ${wordsOf(error)}`),
      );
      await untilStopped(() => {
        stopping.abort();
        return agent.stop();
      });
    });
};

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
