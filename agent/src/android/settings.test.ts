import { describe, expect, it } from "vitest";
import { readLocale, readProperties, readProxy, readSetting } from "./settings.ts";

describe("what a phone tells of its settings", () => {
  it("a setting that was never set is none", () => {
    expect(readSetting("null\n")).toBeNull();
    expect(readSetting("1\r\n")).toBe("1");
  });

  it("a proxy, or none: never set, taken away, deleted", () => {
    expect(readProxy("proxy.example.com:8080\n")).toEqual({
      host: "proxy.example.com",
      port: 8080,
    });
    for (const none of ["null\n", ":0\n", "\n"]) expect(readProxy(none)).toBeNull();
  });

  it("properties, also empty ones and such with brackets and line breaks", () => {
    const output =
      "[ro.build.version.sdk]: [33]\r\n[ro.x]: []\n[ro.y]: [[a]]\n[ro.z]: [one\ntwo]\n";
    expect(Object.fromEntries(readProperties(output))).toEqual({
      "ro.build.version.sdk": "33",
      "ro.x": "",
      "ro.y": "[a]",
      "ro.z": "one\ntwo",
    });
  });

  it.each([
    ["config: mcc310-mnc260-en-rUS-ldltr-sw411dp-w411dp-h659dp-port-420dpi-v33\nabi: x86", "en-US"],
    ["config: de-rDE,en-rUS-ldltr-sw360dp-v33", "de-DE"],
    ["config: b+zh+Hans+CN-ldltr-sw360dp-v33", "zh-Hans-CN"],
    ["config: es-r419-ldltr", "es-419"],
    ["config: fr-ldltr", "fr"],
    ["", null],
  ])("the locale in force: %s", (output, locale) => expect(readLocale(output)).toBe(locale));
});
