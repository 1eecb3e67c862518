import { readFileSync } from "node:fs";
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

/** What the environment says about a hub. */
export const hubEnvironment = (): Record<string, unknown> => {
  const { env } = process;
  return {
    dataDir: env.CLOUDPHONE_DATA,
    host: env.CLOUDPHONE_HOST,
    port: env.CLOUDPHONE_PORT,
    mqttPort: env.CLOUDPHONE_MQTT_PORT,
    mqtt: defined({
      url: env.CLOUDPHONE_MQTT_URL,
      agentUrl: env.CLOUDPHONE_MQTT_AGENT_URL,
      access: env.CLOUDPHONE_MQTT_ACCESS,
    }),
    sharedDir: env.CLOUDPHONE_SHARED,
    currency: env.CLOUDPHONE_CURRENCY,
    lowBalanceMinor: env.CLOUDPHONE_LOW_BALANCE_MINOR,
    purchaseDeadlineMs: env.CLOUDPHONE_PURCHASE_DEADLINE_MS,
    rateLimits: env.CLOUDPHONE_RATE_LIMITS,
    maxAppBytes: env.CLOUDPHONE_MAX_APP_BYTES,
    installsPerHost: env.CLOUDPHONE_INSTALLS_PER_HOST,
    snapshotsPerCustomer: env.CLOUDPHONE_SNAPSHOTS_PER_CUSTOMER,
    quotas: defined({
      devices: env.CLOUDPHONE_QUOTA_DEVICES,
      storageBytes: env.CLOUDPHONE_QUOTA_STORAGE_BYTES,
      sessions: env.CLOUDPHONE_QUOTA_SESSIONS,
    }),
    webhookNetworks: env.CLOUDPHONE_WEBHOOK_NETWORKS || undefined,
    // An empty one, as a compose file gives for one that is not set, is none.
    metricsToken: env.CLOUDPHONE_METRICS_TOKEN || undefined,
    ice: defined({
      stunUrl: env.CLOUDPHONE_STUN_URL,
      turnUrl: env.CLOUDPHONE_TURN_URL,
      turnSecret: env.CLOUDPHONE_TURN_SECRET,
      relayOnly: env.CLOUDPHONE_RELAY_ONLY,
    }),
    log: defined({
      keepDays: env.CLOUDPHONE_LOG_KEEP_DAYS || undefined,
      archiveDir: env.CLOUDPHONE_LOG_ARCHIVE || undefined,
    }),
    databases: {
      events: env.CLOUDPHONE_EVENTS_DATABASE_URL,
      core: env.CLOUDPHONE_CORE_DATABASE_URL,
      billing: env.CLOUDPHONE_BILLING_DATABASE_URL,
      analytics: env.CLOUDPHONE_ANALYTICS_DATABASE_URL,
    },
  };
};

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
