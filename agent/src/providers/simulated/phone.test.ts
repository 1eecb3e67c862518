import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { realApk } from "@cloudphone/testing/apk";
import { PNG } from "pngjs";
import { describe, expect, it, onTestFinished } from "vitest";
import { SimPhone } from "./phone.ts";
import { screenshot } from "./screenshot.ts";

const apk = readFileSync(realApk);

async function bootedPhone(properties: Record<string, string> = {}): Promise<SimPhone> {
  const booted = Promise.withResolvers<void>();
  const phone = new SimPhone(
    { ...samplePhone, properties: { "sim.bootDelayMs": "0", ...properties } },
    { onChange: () => phone.booted && booted.resolve() },
  );
  phone.powerOn();
  onTestFinished(() => phone.powerOff());
  await booted.promise;
  return phone;
}

describe("a simulated phone", () => {
  it("installs a real package, lists what it is, and removes it", async () => {
    const phone = await bootedPhone();
    const installed = await phone.install(apk);
    expect(installed.packageName).toBe("io.appium.settings");
    expect(installed.versionCode).toBeGreaterThan(0);
    expect([...phone.disk.packages.keys()]).toEqual(["io.appium.settings"]);
    expect(phone.uninstall("io.appium.settings")).toBe(true);
    expect(phone.disk.packages.size).toBe(0);
    expect(phone.disk.files.size).toBe(0);
    expect(phone.uninstall("io.appium.settings")).toBe(false);
  });

  it.each([Buffer.from("no zip at all"), Buffer.alloc(0), apk.subarray(0, 100_000)])(
    "refuses what is no package and stays as it was",
    async (bytes) => {
      const phone = await bootedPhone();
      await expect(phone.install(bytes)).rejects.toMatchObject({
        code: "INSTALL_PARSE_FAILED_NOT_APK",
      });
      expect(phone.disk.packages.size).toBe(0);
    },
  );

  it("fails an install as ordered", async () => {
    const phone = await bootedPhone({ "sim.installFails": "INSTALL_FAILED_INSUFFICIENT_STORAGE" });
    await expect(phone.install(apk)).rejects.toMatchObject({
      code: "INSTALL_FAILED_INSUFFICIENT_STORAGE",
    });
  });

  it("has nothing left and another identity after a wipe", async () => {
    const phone = await bootedPhone();
    await phone.install(apk);
    phone.disk.settings.set("global/a", "b");
    const before = { ...phone.disk.identity };
    phone.wipe();
    expect(phone.on).toBe(false);
    expect(phone.disk.packages.size + phone.disk.files.size + phone.disk.settings.size).toBe(0);
    for (const key of ["serialNumber", "androidId", "wifiMac"] as const)
      expect(phone.disk.identity[key]).not.toBe(before[key]);
    phone.powerOn();
    expect(phone.properties.get("ro.serialno")).toBe(phone.disk.identity.serialNumber);
  });

  it("keeps its disk over being switched off, and is another instance after", async () => {
    const phone = await bootedPhone();
    await phone.install(apk);
    const { instanceId } = phone;
    phone.reboot();
    expect(phone.instanceId).not.toBe(instanceId);
    expect(phone.disk.packages.has("io.appium.settings")).toBe(true);
    expect(phone.booted).toBe(false);
  });

  it("shows a home screen, then an app, as a PNG of its size", async () => {
    const phone = await bootedPhone();
    await phone.install(apk);
    const home = screenshot(phone);
    const save = process.env.SAVE_SCREENSHOTS;
    if (save) writeFileSync(path.join(save, "home.png"), home);
    expect(PNG.sync.read(home)).toMatchObject({ width: 360, height: 640 });
    phone.show({ kind: "app", packageName: "io.appium.settings", text: "Hello, phone 7!" });
    const app = screenshot(phone);
    if (save) writeFileSync(path.join(save, "app.png"), app);
    expect(app.equals(home)).toBe(false);
    const { data } = PNG.sync.read(app);
    expect(data.every((byte, at) => at % 4 !== 3 || byte === 255)).toBe(true);
  });
});
