import { type HubConfig, hubConfigSchema, hubEnvironmentNames } from "./config.ts";
import { needs, router } from "./platform/http/trpc.ts";

export interface Setting {
  /** As in the configuration file: `quotas.devices`. */
  readonly name: string;
  readonly environment: string;
  /** As text; null: none. */
  readonly value: string | null;
  /** It is there, and is not shown. */
  readonly secret: boolean;
  /** As it is when nobody says anything. */
  readonly standard: boolean;
}

const secrets = /secret|token/i;

/** What a hub was started with, for operators to look at; without secrets, those within addresses too. Pure. */
export function settingsOf(config: HubConfig): Setting[] {
  const standard = hubConfigSchema.parse({ dataDir: config.dataDir });
  return Object.entries(hubEnvironmentNames).map(([name, environment]) => {
    const value = textOf(at(config, name));
    const secret = secrets.test(name) && value !== null;
    return {
      name,
      environment,
      value: secret ? null : withoutPassword(value),
      secret,
      // The data folder is always said.
      standard: name !== "dataDir" && value === textOf(at(standard, name)),
    };
  });
}

const at = (config: unknown, name: string): unknown =>
  name
    .split(".")
    .reduce<unknown>((group, key) => (group as Record<string, unknown> | undefined)?.[key], config);

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value) && value.length === 0) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// A password may have any sign in it, so what it ends with is the last @.
const withoutPassword = (value: string | null): string | null =>
  value?.replace(/^([a-z]+:\/\/).*@/, "$1") ?? null;

export const settingsRouter = (config: HubConfig) =>
  router({
    /** What this hub was started with; changed at its next start. */
    list: needs("operations.read").query(() => settingsOf(config)),
  });
