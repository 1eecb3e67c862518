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
      const [{ startAgent }, { systemSource }] = await Promise.all([
        import("@cloudphone/agent/agent"),
        import("@cloudphone/agent/source"),
      ]);
      const logger = await createLogger(
        flags.logLevel ?? process.env.CLOUDPHONE_LOG_LEVEL ?? "info",
      );
      const dataDir = path.resolve(flags.data ?? process.env.CLOUDPHONE_DATA ?? "data/agent");
      const config = readSettings(agentConfigSchema, {
        file: flags.config,
        env: agentEnvironment(),
        flags: { dataDir },
      });
      const agent = await startAgent({ config, source: systemSource, logger });
      process.stdout.write(`${JSON.stringify({ ready: true, hostId: agent.hostId })}\n`);
      await untilStopped(() => agent.stop());
    });
};
