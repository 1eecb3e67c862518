import path from "node:path";
import { agentConfigSchema } from "@cloudphone/agent/config";
import type { HostFinding } from "@cloudphone/shared/events/host";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { findingsText } from "../findings.ts";
import { clean } from "../output.ts";
import { agentEnvironment, readSettings } from "./settings.ts";

interface DoctorFlags {
  readonly fix?: boolean;
  readonly hub?: string;
  readonly mqttPort?: string;
  readonly data?: string;
  readonly config?: string;
  readonly for: string;
  readonly record?: string;
}

export const doctorCommand = (program: Command): void => {
  program
    .command("doctor")
    .description("look whether this machine can have phones, and how many; needs no enrolment")
    .option("--fix", "run what mends it and can do no harm (as root); says what it ran")
    .option("--hub <url>", "look at the way to this hub (default: the one it is enrolled at)")
    .option("--mqtt-port <port>", "where that hub's MQTT is, before the enrolment (default: 1883)")
    .option(
      "--for <kinds>",
      "kinds of phone it is meant to have: docker, usb, simulated",
      "docker,usb",
    )
    .option("--data <folder>", "the agent's data folder (default: ./data/agent)")
    .option("--config <file>", "JSON file with settings that flags and environment don't give")
    .option("--record <file>", "write down all that was asked of the machine, for a support case")
    .action((flags: DoctorFlags, command: Command) =>
      doctor(flags, command.optsWithGlobals<{ json?: boolean }>().json ?? false),
    );
};

const known = ["docker", "usb", "simulated"];

function kindsOf(text: string): Set<string> {
  const kinds = text.split(",").map((kind) => kind.trim());
  const odd = kinds.find((kind) => !known.includes(kind));
  if (odd !== undefined)
    throw new Fault("bad_input", `${odd} is no kind of phone; --for takes ${known.join(", ")}.`);
  return new Set(kinds);
}

async function doctor(flags: DoctorFlags, json: boolean): Promise<void> {
  const [{ examine }, { thisMachine }, { recorder }, { toldOf }, { fixAll }] = await Promise.all([
    import("@cloudphone/agent/doctor/examine"),
    import("@cloudphone/agent/doctor/machine"),
    import("@cloudphone/agent/doctor/recorded"),
    import("@cloudphone/agent/doctor/report"),
    import("@cloudphone/agent/doctor/fix"),
  ]);
  const subject = await subjectFrom(flags);
  const { system, facts } = recorder(thisMachine());
  let examination = await examine(system, subject);
  const fixed = flags.fix ? await fixAll(thisMachine(), examination.results) : [];
  if (fixed.some(({ outcome }) => outcome === "ran")) examination = await examine(system, subject);
  const findings = examination.results.map(toldOf);
  const { capacity } = examination;
  if (json) process.stdout.write(`${JSON.stringify({ findings, capacity, fixed }, null, 2)}\n`);
  else {
    process.stdout.write(
      findingsText(findings, capacity && { ...capacity, by: { ...capacity.by } }),
    );
    process.stdout.write(`\n${[...fixed.map(fixedText), summary(findings)].join("\n")}\n`);
  }
  if (flags.record !== undefined) {
    const { writeFile } = await import("node:fs/promises");
    await writeFile(flags.record, `${JSON.stringify(facts(), null, 2)}\n`, { mode: 0o600 });
  }
  if (findings.some(({ level }) => level === "fail")) process.exitCode = 1;
}

async function subjectFrom(flags: DoctorFlags) {
  const [{ subjectOf, hubAt }, { loadCredentials }] = await Promise.all([
    import("@cloudphone/agent/doctor/subject"),
    import("@cloudphone/agent/enrolment"),
  ]);
  const dataDir = path.resolve(flags.data ?? process.env.CLOUDPHONE_DATA ?? "data/agent");
  const config = readSettings(agentConfigSchema, {
    file: flags.config,
    env: agentEnvironment(),
    flags: { dataDir },
  });
  const named = flags.hub ?? process.env.CLOUDPHONE_URL;
  if (named !== undefined && !/^https?:$/.test(URL.parse(named)?.protocol ?? ""))
    throw new Fault("bad_input", `${named} is no address of a hub; write http://HOST:30000.`);
  const enrolled = await loadCredentials(dataDir);
  const hub = enrolled && (named === undefined || named === enrolled.hubUrl) ? enrolled : null;
  return subjectOf({
    config,
    kinds: kindsOf(flags.for),
    hub: hub ?? (named === undefined ? null : hubAt(named, portOf(flags.mqttPort))),
  });
}

function portOf(text = "1883"): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Fault("bad_input", `${text} is no port; --mqtt-port takes 1 to 65535.`);
  return port;
}

function fixedText(fixed: {
  checkId: string;
  command: string;
  outcome: string;
  said: string;
}): string {
  const { checkId, command, outcome, said } = fixed;
  if (outcome === "needs root")
    return `${checkId}: needs root; run \`sudo cloudphone doctor --fix\`: ${command}`;
  return outcome === "ran"
    ? `${checkId}: ran: ${command}`
    : `${checkId}: did not work: ${command}\n  ${clean(said)}`;
}

function summary(findings: readonly HostFinding[]): string {
  const count = (level: HostFinding["level"]): number =>
    findings.filter((finding) => finding.level === level).length;
  const [fails, warnings] = [count("fail"), count("warn")];
  if (fails + warnings === 0) return "All is well.";
  const found = `${fails} failed, ${warnings} to mind, ${count("ok")} well.`;
  return fails > 0
    ? `${found} What failed keeps phones from working here; --for usb leaves out what only containers need.`
    : found;
}
