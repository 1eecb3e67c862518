import { hostname } from "node:os";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";

interface EnrollFlags {
  readonly hub?: string;
  readonly name?: string;
  readonly data?: string;
}

export const enrollCommand = (program: Command): void => {
  program
    .command("enroll")
    .description(
      "make this machine a host of a hub, with a one-time token from `cloudphone hosts enroll-token`",
    )
    .argument("<token>")
    .option("--hub <url>", "the hub's address (default: http://127.0.0.1:30000)")
    .option("--name <name>", "what the host is called (default: this machine's name)")
    .option(
      "--data <folder>",
      "where the agent keeps its store and credentials (default: ./data/agent)",
    )
    .action(async (token: string, flags: EnrollFlags) => {
      const { enroll, loadCredentials } = await import("@cloudphone/agent/enrolment");
      const dataDir = path.resolve(flags.data ?? process.env.CLOUDPHONE_DATA ?? "data/agent");
      if (await loadCredentials(dataDir))
        throw new Fault(
          "conflict",
          `This machine is enrolled already; remove ${dataDir} to begin anew.`,
        );
      const hubUrl = flags.hub ?? process.env.CLOUDPHONE_URL ?? "http://127.0.0.1:30000";
      const { hostId } = await enroll({ hubUrl, token, name: flags.name ?? hostname(), dataDir });
      process.stdout.write(
        `Enrolled as host ${hostId}. Now run: cloudphone agent --data ${dataDir}\n`,
      );
    });
};
