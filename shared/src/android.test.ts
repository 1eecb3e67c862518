import { describe, expect, it } from "vitest";
import {
  localeSchema,
  locationSchema,
  packageNameSchema,
  propertyValueSchema,
  proxySchema,
  settablePropertySchema,
  timeZoneSchema,
} from "./android.ts";

const evil = ["", "'; reboot; '", "$(reboot)", "a b", "a.b\nc", "a.b;c", "../../x", "-n", "a.b\0"];

describe.each([
  ["a package name", packageNameSchema, ["com.example.app", "io.appium.settings", "a.B_9"]],
  [
    "a settable property",
    settablePropertySchema,
    ["debug.app.level", "persist.sys.x-y", "log.tag.A"],
  ],
  ["a locale", localeSchema, ["de", "de-DE", "zh-Hans-CN", "es-419"]],
  ["a time zone", timeZoneSchema, ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]],
] as const)("%s", (_name, schema, good) => {
  it.each(good)("may be %s", (text) => expect(schema.safeParse(text).success).toBe(true));
  it.each(evil)("is not %j", (text) => expect(schema.safeParse(text).success).toBe(false));
});

describe("values for a phone's shell", () => {
  it.each([
    "ro.serialno",
    "ctl.restart",
    "sys.powerctl",
    "sys.usb.config",
    "service.adb.tcp.port",
    "persist.adb.tcp.port",
    "persist.sys.usb.config",
    "sys.boot_completed",
  ])("refuse the property %s, which would cut the phone off or is not to be changed", (name) =>
    expect(settablePropertySchema.safeParse(name).success).toBe(false),
  );

  it("take a property's value of at most 91 characters on one line", () => {
    expect(propertyValueSchema.safeParse("x; y 'z'").success).toBe(true);
    expect(propertyValueSchema.safeParse("x".repeat(92)).success).toBe(false);
    expect(propertyValueSchema.safeParse("a\nb").success).toBe(false);
  });

  it.each(["Europe/Atlantis", "+01:00", "europe berlin"])("know no time zone %s", (name) =>
    expect(timeZoneSchema.safeParse(name).success).toBe(false),
  );

  it("take a location on the globe only", () => {
    expect(locationSchema.parse({ latitude: 48.1, longitude: 11.5 }).accuracyMeters).toBe(5);
    for (const wrong of [
      { latitude: 91, longitude: 0 },
      { latitude: 0, longitude: -181 },
      { latitude: Number.NaN, longitude: 0 },
      { latitude: "48", longitude: 0 },
    ])
      expect(locationSchema.safeParse(wrong).success).toBe(false);
  });

  it("take a proxy's host without a sign-in or a scheme", () => {
    const ok = (host: string): boolean => proxySchema.safeParse({ host, port: 8080 }).success;
    expect(["proxy.example.com", "10.0.0.1", "proxy"].map(ok)).toEqual([true, true, true]);
    expect(["user:pw@proxy", "http://proxy", "::1", "a..b", "-a", "a;b"].map(ok)).not.toContain(
      true,
    );
    expect(proxySchema.safeParse({ host: "a", port: 0 }).success).toBe(false);
  });
});
