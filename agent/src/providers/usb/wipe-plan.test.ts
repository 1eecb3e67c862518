import { describe, expect, it } from "vitest";
import { type Contents, parseAccounts, parseLock, parseSettings } from "./contents.ts";
import { leftovers, packagesToClear, settingChanges } from "./wipe-plan.ts";

const baseline: Contents = {
  packages: ["com.operator.keyboard"],
  settings: {
    system: { font_scale: "1.0" },
    secure: { android_id: "aa", enabled_input_methods: "a/b" },
    global: { adb_enabled: "1", http_proxy: ":0", boot_count: "7" },
  },
  accounts: ["farm@example.com (com.google)"],
  files: [],
  timeZone: "UTC",
  locale: "en-US",
  screenLock: false,
};

describe("what is left of a customer", () => {
  it("is nothing when all is as it was, whatever Android counted and made meanwhile", () => {
    const settings = {
      ...baseline.settings,
      secure: { ...baseline.settings.secure, android_id: "bb" },
      global: { ...baseline.settings.global, boot_count: "8" },
    };
    const files = ["/sdcard/Android/data/.nomedia", "/sdcard/DCIM/.thumbnails/1.jpg"];
    expect(leftovers(baseline, { ...baseline, settings, files })).toEqual([]);
  });

  it("is named: apps, files, settings, accounts, zone, language, lock", () => {
    const now: Contents = {
      packages: ["com.operator.keyboard", "com.customer.game"],
      settings: {
        system: { font_scale: "2.0" },
        secure: { android_id: "aa" },
        global: { adb_enabled: "1", http_proxy: "10.0.0.1:8080", boot_count: "7", spy: "1" },
      },
      accounts: ["farm@example.com (com.google)", "me@example.com (com.google)"],
      files: ["/sdcard/a.txt", "/data/local/tmp/b"],
      timeZone: "Asia/Tokyo",
      locale: "ja-JP",
      screenLock: true,
    };
    expect(leftovers(baseline, now)).toEqual([
      "the app com.customer.game",
      "2 files (/sdcard/a.txt)",
      "the setting system font_scale",
      "the setting secure enabled_input_methods",
      "the setting global http_proxy",
      "the setting global spy",
      "the account me@example.com (com.google)",
      "the time zone Asia/Tokyo",
      "the language ja-JP",
      "a screen lock",
    ]);
    expect(settingChanges(baseline, now)).toEqual([
      ["system", "font_scale", "1.0"],
      ["secure", "enabled_input_methods", "a/b"],
      ["global", "http_proxy", ":0"],
      ["global", "spy", null],
    ]);
  });
});

it("clears what people open and where their traces lie, and never what keeps the phone reachable", () => {
  const installed = [
    "android",
    "com.android.shell",
    "com.android.systemui",
    "com.android.settings",
    "com.android.providers.settings",
    "com.android.providers.contacts",
    "com.android.chrome",
    "com.operator.keyboard",
    "com.vendor.hidden",
  ];
  const withIcon = ["com.android.chrome", "com.android.settings"];
  expect(packagesToClear(baseline, { installed, withIcon })).toEqual([
    "com.android.providers.contacts",
    "com.android.chrome",
    "com.operator.keyboard",
  ]);
});

describe("what a phone prints of itself", () => {
  it("gives settings, also with values over several lines", () => {
    expect(parseSettings("a=1\nb=x=y\nc=first\nsecond\n\nd=\n")).toEqual({
      a: "1",
      b: "x=y",
      c: "first\nsecond",
      d: "",
    });
  });

  it("gives each account once", () => {
    const printed =
      "Accounts: 2\n  Account {name=a@b.c, type=com.google}\n  Account {name=z, type=org.mail}\nHistory\n  Account {name=a@b.c, type=com.google}\n";
    expect(parseAccounts(printed)).toEqual(["a@b.c (com.google)", "z (org.mail)"]);
  });

  it("tells whether there is a screen lock, or that it is not known", () => {
    expect(parseLock("Lock credential verified successfully\n")).toBe(false);
    expect(parseLock("Old password '' didn't match\n")).toBe(true);
    expect(parseLock("/system/bin/sh: locksettings: inaccessible or not found\n")).toBeNull();
  });
});
