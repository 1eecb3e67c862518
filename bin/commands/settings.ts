import { readFileSync } from "node:fs";
import { hubEnvironmentNames } from "@cloudphone/hub/config";
import { Fault } from "@cloudphone/shared/fault";
import { describeIssues } from "@cloudphone/shared/events/catalog";
import type { z } from "zod";

/** Reads a configuration: what flags say, else the environment (CLOUDPHONE_*), else the JSON file. One line tells what is wrong. */
export function readSettings<S extends z.ZodType>(
  schema: S,
  sources: {
    flags: Record<string, unknown>;
    env: Record<string, unknown>;
    file?: string | undefined;
  },
): z.infer<S> {
  const merged = [defined(sources.env), defined(sources.flags)].reduce(
    over,
    fromFile(sources.file),
  );
  const parsed = schema.safeParse(merged);
  if (!parsed.success)
    throw new Fault("bad_input", `The configuration is wrong: ${describeIssues(parsed.error)}`);
  return parsed.data;
}

/** The second's words count; groups of settings are merged, not replaced. */
function over(
  below: Record<string, unknown>,
  above: Record<string, unknown>,
): Record<string, unknown> {
  const merged = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const under = merged[name];
    merged[name] = isGroup(under) && isGroup(value) ? { ...under, ...value } : value;
  }
  return merged;
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const defined = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function fromFile(file: string | undefined): Record<string, unknown> {
  if (file === undefined) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new Fault(
      "bad_input",
      `${file} can't be read as JSON: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

/** An empty one of these, as a compose file gives for one that is not set, is none. */
const mayBeEmpty = new Set(["webhookNetworks", "metricsToken"]);

/** What the environment says about a hub. */
export function hubEnvironment(): Record<string, unknown> {
  const said: Record<string, Record<string, unknown> | string> = {};
  for (const [name, variable] of Object.entries(hubEnvironmentNames)) {
    const value = process.env[variable];
    if (value === undefined || (value === "" && mayBeEmpty.has(name))) continue;
    const [group = name, key] = name.split(".");
    said[group] = key === undefined ? value : { ...asGroup(said[group]), [key]: value };
  }
  return said;
}

const asGroup = (value: unknown): Record<string, unknown> => (isGroup(value) ? value : {});

/** What the environment says about an agent. */
export const agentEnvironment = (): Record<string, unknown> => {
  const { env } = process;
  return {
    dataDir: env.CLOUDPHONE_DATA,
    bootDeadlineMs: env.CLOUDPHONE_BOOT_DEADLINE_MS,
    strayGraceMs: env.CLOUDPHONE_STRAY_GRACE_MS,
    storeMaxBytes: env.CLOUDPHONE_STORE_MAX_BYTES,
    turnUrl: env.CLOUDPHONE_TURN_URL,
    media: defined({
      addresses: env.CLOUDPHONE_MEDIA_ADDRESSES?.split(",").map((address) => address.trim()),
      ports: env.CLOUDPHONE_MEDIA_PORTS?.split("-").map(Number),
    }),
    scrcpyServer: env.CLOUDPHONE_SCRCPY_SERVER,
    recordings: defined({
      days: env.CLOUDPHONE_RECORDING_DAYS,
      maxMiB: env.CLOUDPHONE_RECORDING_MAX_MIB,
    }),
    perDevice: defined({
      memoryMiB: env.CLOUDPHONE_DEVICE_MEMORY_MIB,
      cpus: env.CLOUDPHONE_DEVICE_CPUS,
      diskMiB: env.CLOUDPHONE_DEVICE_DISK_MIB,
    }),
    simulated: defined({
      capacity: env.CLOUDPHONE_SIMULATED_CAPACITY,
      frontEnd: env.CLOUDPHONE_SIMULATED_FRONT_END,
      adbPort: env.CLOUDPHONE_SIMULATED_ADB_PORT,
      powerLog: env.CLOUDPHONE_SIMULATED_POWER_LOG,
    }),
    usb: defined({
      phones: env.CLOUDPHONE_USB_PHONES,
      targets: env.CLOUDPHONE_ADB_TARGETS,
      adbPort: env.CLOUDPHONE_USB_ADB_PORT,
      maxTemperatureC: env.CLOUDPHONE_USB_MAX_TEMPERATURE_C,
      chargeFrom: env.CLOUDPHONE_USB_CHARGE_FROM,
      chargeTo: env.CLOUDPHONE_USB_CHARGE_TO,
    }),
    docker: defined({
      host: env.CLOUDPHONE_DOCKER_HOST,
      tlsDir: env.CLOUDPHONE_DOCKER_TLS_DIR,
      images: env.CLOUDPHONE_DOCKER_IMAGES,
      pull: env.CLOUDPHONE_DOCKER_PULL,
      capacity: env.CLOUDPHONE_DOCKER_CAPACITY,
      firstPort: env.CLOUDPHONE_DOCKER_FIRST_PORT,
      lastPort: env.CLOUDPHONE_DOCKER_LAST_PORT,
      adbHost: env.CLOUDPHONE_DOCKER_ADB_HOST,
      adbPort: env.CLOUDPHONE_DOCKER_ADB_PORT,
      dataBase: env.CLOUDPHONE_DOCKER_DATA_BASE,
      network: env.CLOUDPHONE_DOCKER_NETWORK,
      subnet: env.CLOUDPHONE_DOCKER_SUBNET,
      gpu: env.CLOUDPHONE_DOCKER_GPU,
      pidsLimit: env.CLOUDPHONE_DOCKER_PIDS_LIMIT,
      restart: env.CLOUDPHONE_DOCKER_RESTART,
    }),
  };
};
