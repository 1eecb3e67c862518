import { hostname } from "node:os";
import path from "node:path";
import { agentConfigSchema } from "@cloudphone/agent/config";
import { hubConfigSchema } from "@cloudphone/hub/config";
import type { Agent } from "@cloudphone/agent/agent";
import type { Hub } from "@cloudphone/hub/hub";
import type { Command } from "commander";
import { createLogger, untilStopped } from "./daemon.ts";
import { agentEnvironment, hubEnvironment, readSettings } from "./settings.ts";

interface UpFlags {
  readonly data?: string;
  readonly host?: string;
  readonly port?: string;
  readonly mqttPort?: string;
  readonly phones?: string;
  readonly config?: string;
  readonly logLevel?: string;
  readonly demo: boolean;
}

/** What a phone of the demonstration is: the spec that the demo plans sell. */
const capacity = 8;

export const upCommand = (program: Command): void => {
  program
    .command("up")
    .description(
      "run everything in one process: hub, database, broker and one agent with simulated phones",
    )
    .option("--data <folder>", "where everything is kept (default: ./data)")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "HTTP port (default: 30000)")
    .option("--mqtt-port <port>", "MQTT port (default: 1883)")
    .option("--phones <n>", "simulated phones kept running and free (default: 4)")
    .option("--config <file>", "JSON file with settings that flags and environment don't give")
    .option("--log-level <level>", "trace, debug, info, warn, error (default: warn)")
    .option("--no-demo", "without the demo plans and the demo customer")
    .action(async (flags: UpFlags) => up(flags));
};

async function up(flags: UpFlags): Promise<void> {
  // Loaded here, so that `cloudphone --help` need not wait for the whole platform.
  const [
    { startHub },
    { startAgent },
    { enroll, loadCredentials },
    { systemSource },
    { demoSpec },
  ] = await Promise.all([
    import("@cloudphone/hub/hub"),
    import("@cloudphone/agent/agent"),
    import("@cloudphone/agent/enrolment"),
    import("@cloudphone/hub/platform/source"),
    import("@cloudphone/hub/billing/plans/demo"),
  ]);
  const logger = await createLogger(flags.logLevel ?? process.env.CLOUDPHONE_LOG_LEVEL ?? "warn");
  const dataDir = path.resolve(flags.data ?? process.env.CLOUDPHONE_DATA ?? "data");
  const config = readSettings(hubConfigSchema, {
    file: flags.config,
    env: hubEnvironment(),
    flags: {
      dataDir,
      host: flags.host,
      port: flags.port,
      mqttPort: flags.mqttPort,
      demo: flags.demo,
      warmPools: [{ spec: demoSpec, target: Number(flags.phones ?? 4) }],
    },
  });
  const hub = await startHub({ config, source: systemSource, logger });
  try {
    const agentDir = path.join(dataDir, "agent");
    const hubUrl = `http://127.0.0.1:${hub.httpPort}`;
    if (!(await loadCredentials(agentDir)))
      await enroll({
        hubUrl,
        token: await hub.createEnrollment(),
        name: hostname(),
        dataDir: agentDir,
      });
    const agentConfig = readSettings(agentConfigSchema, {
      env: agentEnvironment(),
      flags: {
        dataDir: agentDir,
        simulated: { capacity: Math.max(capacity, Number(flags.phones ?? 4) * 2) },
      },
    });
    const agent = await startAgent({
      config: agentConfig,
      source: systemSource,
      logger,
      hub: { hubUrl, mqttPort: hub.mqttPort },
    });
    const phones = await phonesRunning({ hub, agent }, Number(flags.phones ?? 4));
    const url = `http://${config.host}:${hub.httpPort}`;
    greet({ hub, url, phones, withDemo: config.demo });
    await untilStopped(async () => {
      await agent.stop();
      await hub.stop();
    });
  } catch (error) {
    await hub.stop();
    throw error;
  }
}

const phonesDeadlineMs = 30_000;

/** How many phones run, once there are `wanted`: the agent has seen them, and the hub has heard of them. At most 30 s later how many there are then. */
async function phonesRunning(
  { hub, agent }: { hub: Hub; agent: Agent },
  wanted: number,
): Promise<number> {
  const until = performance.now() + phonesDeadlineMs;
  for (;;) {
    const running = Math.min(agent.countRunning(), await hub.countRunning());
    if (running >= wanted || performance.now() > until) return running;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const demoCommands = ["login --email demo@cloudphone.local", "plans", "buy Hourly"];
const operatorCommands = ["login --email admin@cloudphone.local", "hosts list", "devices list"];

interface Greeting {
  readonly hub: Hub;
  readonly url: string;
  readonly phones: number;
  /** Whether there are a demo customer and plans to begin with. */
  readonly withDemo: boolean;
}

function greet({ hub, url, phones, withDemo }: Greeting): void {
  const { admin, demo, file } = hub.seeded;
  const accounts = [admin && ["admin", admin], demo && ["demo customer", demo]].filter(
    (entry) => entry !== null,
  ) as [string, { email: string; password: string }][];
  const lines = [
    "",
    `  Cloud Phone Platform is up at ${url}  (${phones} phones running, MQTT on ${hub.mqttPort})`,
    "",
    ...accounts.map(([who, { email, password }]) => `  ${who.padEnd(14)} ${email}  ${password}`),
    accounts.length > 0
      ? `  (kept in ${file}; delete it once you have noted them)`
      : `  passwords of the first start: ${file}`,
    "",
    "  Next, in another terminal:",
    ...(withDemo ? demoCommands : operatorCommands).map((line) => `    bin/cloudphone ${line}`),
    "",
    "  Ctrl-C stops everything.",
    "",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
