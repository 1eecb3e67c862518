import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { realApk } from "@cloudphone/testing/apk";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { AdbDevice } from "../../adb/adb.ts";
import { createAdb } from "../../adb/open.ts";
import { SimFarm } from "./farm.ts";

const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const limit = { timeoutMs: 10_000 };

describe("a simulated phone behind its adb server", () => {
  let farm: SimFarm;
  let device: AdbDevice;

  beforeEach(async () => {
    farm = new SimFarm({ frontEnd: "server", capacity: 1, dir: null });
    await farm.start();
    farm.create(deviceId, { ...samplePhone, properties: { "sim.bootDelayMs": "100" } });
    await farm.powerOn(deviceId);
    const adb = createAdb();
    const target = farm.target(deviceId);
    if (!target) throw new Error("the phone can't be reached");
    device = await adb.open(target);
    await device.waitBooted({ ...limit, signal: new AbortController().signal });
    return async () => {
      await device.close();
      await adb.close();
      farm.stop();
    };
  });

  it("is booted once waitBooted says so", () => {
    expect(farm.find(deviceId)?.booted).toBe(true);
  });

  it("gives exit codes, and output without the marker", async () => {
    expect(await device.shell(["echo", "hello"], limit)).toEqual({
      output: "hello\n",
      exitCode: 0,
    });
    expect(await device.shell(["false"], limit)).toEqual({ output: "", exitCode: 1 });
    expect((await device.shell(["nonesuch"], limit)).exitCode).toBe(127);
  });

  it("keeps an argument that looks like a command an argument", async () => {
    const before = farm.find(deviceId)?.instanceId;
    const evil = "a'b; reboot";
    expect(await device.shell(["echo", evil], limit)).toEqual({ output: `${evil}\n`, exitCode: 0 });
    await expect(device.uninstall(evil, limit)).rejects.toMatchObject({ code: "not_found" });
    expect(farm.find(deviceId)?.instanceId).toBe(before);
  });

  it("installs a real package, lists it, removes it once, and keeps no pushed file", async () => {
    await device.install(realApk, { timeoutMs: 30_000 });
    expect(await device.packages(limit)).toContain("io.appium.settings");
    expect((await device.shell(["ls", "/data/local/tmp"], limit)).output).toBe("");
    await device.uninstall("io.appium.settings", limit);
    expect(await device.packages(limit)).not.toContain("io.appium.settings");
    await expect(device.uninstall("io.appium.settings", limit)).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("tells why it refuses a file that is no package", async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), "apk-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, "bad.apk");
    writeFileSync(file, "no package");
    await expect(device.install(file, limit)).rejects.toMatchObject({
      code: "install_failed",
      message: expect.stringContaining("INSTALL_PARSE_FAILED_NOT_APK") as string,
    });
  });

  it("gives its properties and a PNG of its screen", async () => {
    expect(await device.properties(limit)).toMatchObject({ "ro.product.model": "SimPhone" });
    const png = await device.screenshot(limit);
    expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([360, 640]);
  });

  it("can't be reached once it is off, and says so in time", async () => {
    farm.powerOff(deviceId);
    await expect(device.shell(["true"], { timeoutMs: 2000 })).rejects.toMatchObject({
      name: "Fault",
    });
  });
});
