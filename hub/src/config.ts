import { deviceSpecSchema } from "@cloudphone/shared/device";
import { currencySchema } from "@cloudphone/shared/money";
import { z } from "zod";
import { isNetwork } from "./platform/http/outside-address.ts";

const port = z.coerce.number().int().min(0).max(65_535);
/** "10/1,100/10,500/60": calls / seconds, all at once; "off": nobody is limited. */
const rateLimits = z
  .string()
  .regex(/^(off|\d+\/\d+(,\d+\/\d+)*)$/, 'must be "off" or calls/seconds, as in 10/1,100/10,500/60')
  .transform((text) =>
    text === "off"
      ? []
      : text.split(",").map((window) => {
          const [calls, seconds] = window.split("/").map(Number);
          return { calls, seconds };
        }),
  )
  .pipe(
    z
      .array(z.object({ calls: z.int().min(1).max(1e9), seconds: z.int().min(1).max(86_400) }))
      .max(10)
      .refine(
        (windows) => new Set(windows.map(({ seconds }) => seconds)).size === windows.length,
        "names the same window twice",
      ),
  );

const mqttUrl = z
  .string()
  .regex(/^mqtts?:\/\/[^/]/, "must be written mqtt://user:password@host:1883")
  .optional();

const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, "must begin with postgres://")
  .optional();

/** Null: for ever. */
const keepDays = z
  .union(
    [
      z.literal("forever").transform(() => null),
      z.null(),
      z.coerce.number().int().min(1).max(36_500),
    ],
    { error: 'must be a number of days from 1 on, or "forever"' },
  )
  .default(null);

/** What a hub needs to know to run. Made by the command line from flags, then CLOUDPHONE_*, then the file. */
export const hubConfigSchema = z.object({
  dataDir: z.string().min(1),
  host: z.string().min(1).default("127.0.0.1"),
  port: port.default(30_000),
  mqttPort: port.default(1883),
  /** A broker that others run; without one the hub has its own on `mqttPort`. */
  mqtt: z
    .object({
      url: mqttUrl,
      /** Where agents find it, when that is elsewhere. */
      agentUrl: mqttUrl,
      /** Whether the hub keeps the register of Mosquitto's dynamic security plugin, or the broker itself knows its hosts. */
      access: z.enum(["dynamic-security", "broker"]).default("dynamic-security"),
    })
    .prefault({}),
  /** What all hubs of these databases share: keys, first accounts, uploaded apps. Null: `hub` under the data folder. */
  sharedDir: z.string().min(1).nullable().default(null),
  currency: currencySchema.default("CNY"),
  /** A balance below this is said to be low, in minor units. */
  lowBalanceMinor: z.coerce.number().int().min(0).default(500),
  purchaseDeadlineMs: z.coerce.number().int().min(100).default(30_000),
  /** How many calls a person, or an address before sign-in, may make. */
  rateLimits: rateLimits.prefault("10/1,100/10,500/60"),
  maxAppBytes: z.coerce
    .number()
    .int()
    .min(1)
    .default(2 * 1024 ** 3),
  /** How many phones of one host a batch installs on at a time. */
  installsPerHost: z.coerce.number().int().min(1).max(1000).default(4),
  /** How many snapshots one customer may have. */
  snapshotsPerCustomer: z.coerce.number().int().min(0).max(10_000).default(10),
  /** What an account may have at a time; an operator gives some more or less. */
  quotas: z
    .object({
      /** Phones leased. */
      devices: z.coerce.number().int().min(0).max(1_000_000).default(100),
      /** Apps and snapshots. */
      storageBytes: z.coerce
        .number()
        .int()
        .min(0)
        .default(20 * 1024 ** 3),
      /** Screens, shells, adb. */
      sessions: z.coerce.number().int().min(0).max(100_000).default(16),
    })
    .prefault({}),
  warmPools: z.array(z.object({ spec: deviceSpecSchema, target: z.int().min(0) })).default([]),
  /** Inner networks, with commas, that webhooks may be sent to, by http as well. */
  webhookNetworks: z
    .string()
    .transform((text) => text.split(",").filter((part) => part !== ""))
    .or(z.array(z.string()))
    .pipe(z.array(z.string().refine(isNetwork, "must be written like 10.1.2.0/24")))
    .default([]),
  /** What a scraper must send for /metrics; none: only this machine may read them. */
  metricsToken: z.string().min(16, "must have 16 characters or more").nullable().default(null),
  /** How viewers and hosts find each other for live screens. */
  ice: z
    .object({
      stunUrl: z
        .string()
        .regex(/^stun:[^/:@?\s]+(:\d{1,5})?$/, "must be written stun:host:port")
        .nullable()
        .default(null),
      turnUrl: z
        .string()
        .regex(/^turn:[^/:@?\s]+(:\d{1,5})?$/, "must be written turn:host:port")
        .nullable()
        .default(null),
      /** The TURN server's static-auth-secret. */
      turnSecret: z.string().min(8).nullable().default(null),
      relayOnly: z.stringbool().or(z.boolean()).default(false),
    })
    .prefault({})
    .refine(({ turnUrl, turnSecret }) => (turnUrl === null) === (turnSecret === null), {
      error: "give CLOUDPHONE_TURN_URL and CLOUDPHONE_TURN_SECRET together",
    }),
  /** What becomes of old events. */
  log: z
    .object({
      /** How many whole days (UTC) stay in the database; older ones are moved to files. Null: all, for ever. */
      keepDays,
      /** Where those files are. Null: `archive` in the folder that all hubs share. */
      archiveDir: z.string().min(1).nullable().default(null),
    })
    .prefault({}),
  /** What becomes of old entries of the audit log. */
  audit: z
    .object({
      /** How many days they stay; older ones are deleted. Null: all, for ever. */
      keepDays,
    })
    .prefault({}),
  /** Plans, a customer and a balance to try it with, all marked as such. */
  demo: z.boolean().default(false),
  /** All four or none; none: an embedded server under the data folder. */
  databases: z
    .object({
      events: databaseUrl,
      core: databaseUrl,
      billing: databaseUrl,
      analytics: databaseUrl,
    })
    .prefault({})
    .refine(
      (urls) => [0, 4].includes(Object.values(urls).filter((url) => url !== undefined).length),
      "give CLOUDPHONE_EVENTS_, _CORE_, _BILLING_ and _ANALYTICS_DATABASE_URL, all four or none",
    ),
});
export type HubConfig = z.infer<typeof hubConfigSchema>;

/** What each setting is called in the environment; by its name here, groups with a dot. */
export const hubEnvironmentNames = {
  dataDir: "CLOUDPHONE_DATA",
  host: "CLOUDPHONE_HOST",
  port: "CLOUDPHONE_PORT",
  mqttPort: "CLOUDPHONE_MQTT_PORT",
  "mqtt.url": "CLOUDPHONE_MQTT_URL",
  "mqtt.agentUrl": "CLOUDPHONE_MQTT_AGENT_URL",
  "mqtt.access": "CLOUDPHONE_MQTT_ACCESS",
  sharedDir: "CLOUDPHONE_SHARED",
  currency: "CLOUDPHONE_CURRENCY",
  lowBalanceMinor: "CLOUDPHONE_LOW_BALANCE_MINOR",
  purchaseDeadlineMs: "CLOUDPHONE_PURCHASE_DEADLINE_MS",
  rateLimits: "CLOUDPHONE_RATE_LIMITS",
  maxAppBytes: "CLOUDPHONE_MAX_APP_BYTES",
  installsPerHost: "CLOUDPHONE_INSTALLS_PER_HOST",
  snapshotsPerCustomer: "CLOUDPHONE_SNAPSHOTS_PER_CUSTOMER",
  "quotas.devices": "CLOUDPHONE_QUOTA_DEVICES",
  "quotas.storageBytes": "CLOUDPHONE_QUOTA_STORAGE_BYTES",
  "quotas.sessions": "CLOUDPHONE_QUOTA_SESSIONS",
  webhookNetworks: "CLOUDPHONE_WEBHOOK_NETWORKS",
  metricsToken: "CLOUDPHONE_METRICS_TOKEN",
  "ice.stunUrl": "CLOUDPHONE_STUN_URL",
  "ice.turnUrl": "CLOUDPHONE_TURN_URL",
  "ice.turnSecret": "CLOUDPHONE_TURN_SECRET",
  "ice.relayOnly": "CLOUDPHONE_RELAY_ONLY",
  "databases.events": "CLOUDPHONE_EVENTS_DATABASE_URL",
  "databases.core": "CLOUDPHONE_CORE_DATABASE_URL",
  "databases.billing": "CLOUDPHONE_BILLING_DATABASE_URL",
  "databases.analytics": "CLOUDPHONE_ANALYTICS_DATABASE_URL",
} as const;
