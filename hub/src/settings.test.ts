import { expect, test } from "vitest";
import { hubConfigSchema } from "./config.ts";
import { settingsOf } from "./settings.ts";

const shown = (config: object) => {
  const settings = settingsOf(hubConfigSchema.parse({ dataDir: "/data", ...config }));
  return new Map(settings.map((setting) => [setting.name, setting]));
};

test("each setting is told with its value, where it is set, and whether it is as it comes", () => {
  const settings = shown({ currency: "EUR", quotas: { devices: 7 } });
  expect(settings.get("currency")).toMatchObject({ value: "EUR", standard: false });
  const devices = { value: "7", environment: "CLOUDPHONE_QUOTA_DEVICES", standard: false };
  expect(settings.get("quotas.devices")).toMatchObject(devices);
  expect(settings.get("quotas.sessions")).toMatchObject({ value: "16", standard: true });
  expect(settings.get("ice.stunUrl")).toMatchObject({ value: null, standard: true });
});

test("no secret is told, nor a password within an address", () => {
  const url = "postgres://hub:hunter2@db:5432/x";
  const databases = { events: url, core: url, billing: url, analytics: url };
  const ice = { turnUrl: "turn:turn:3478", turnSecret: "very secret" };
  const metricsToken = "0123456789abcdef";
  const mqtt = { url: "mqtt://hub:p@ss/word@broker:1883" };
  const settings = shown({ databases, ice, metricsToken, mqtt });
  expect(settings.get("databases.core")?.value).toBe("postgres://db:5432/x");
  expect(settings.get("ice.turnSecret")).toMatchObject({ value: null, secret: true });
  expect(settings.get("metricsToken")).toMatchObject({ value: null, secret: true });
  const told = JSON.stringify([...settings.values()]);
  for (const secret of ["hunter2", "very secret", metricsToken, "p@ss"])
    expect(told).not.toContain(secret);
});
