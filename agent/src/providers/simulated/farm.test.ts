import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { describe, expect, it, onTestFinished } from "vitest";
import { SimFarm } from "./farm.ts";

const deviceId = "0190d6a0-0000-7000-8000-00000000a003";
const spec: DeviceSpec = { ...samplePhone, image: "sim:13", dpi: 240, properties: {} };

function folder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "sim-farm-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function openFarm(dir: string, capacity = 2): Promise<SimFarm> {
  const farm = new SimFarm({ frontEnd: "server", capacity, dir });
  await farm.start();
  onTestFinished(() => farm.stop());
  return farm;
}

describe("a shelf of simulated phones", () => {
  it("finds its phones again after a restart: off, with their files and identity", async () => {
    const dir = folder();
    const before = await openFarm(dir);
    const phone = before.create(deviceId, spec);
    await before.powerOn(deviceId);
    phone.writeFile("/sdcard/a", Buffer.from("same"));
    phone.writeFile("/sdcard/b", Buffer.from("same"));
    phone.keepDisk();
    // No stop: the process has been killed.
    const after = await openFarm(dir);
    const found = after.find(deviceId);
    expect(found?.on).toBe(false);
    expect(found?.disk.identity).toEqual(phone.disk.identity);
    expect(found?.disk.files.get("/sdcard/b")?.toString()).toBe("same");
  });

  it("leaves nothing of a wiped phone on the host's disk", async () => {
    const dir = folder();
    const farm = await openFarm(dir);
    const phone = farm.create(deviceId, spec);
    const { serialNumber } = phone.disk.identity;
    phone.writeFile("/sdcard/secret", Buffer.from("secret"));
    phone.keepDisk();
    expect(readdirSync(path.join(dir, deviceId))).toHaveLength(2);
    farm.wipe(deviceId);
    expect(readdirSync(path.join(dir, deviceId))).toEqual(["phone.json"]);
    expect(phone.disk.identity.serialNumber).not.toBe(serialNumber);
    farm.destroy(deviceId);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("makes a phone anew whose disk is damaged", async () => {
    const dir = folder();
    const before = await openFarm(dir);
    before.create(deviceId, spec);
    writeFileSync(path.join(dir, deviceId, "phone.json"), "{");
    const after = await openFarm(dir);
    expect(after.ids()).toEqual([]);
    expect(after.create(deviceId, spec).disk.files.size).toBe(0);
  });

  it("refuses a phone beyond its capacity", async () => {
    const farm = await openFarm(folder(), 1);
    farm.create(deviceId, spec);
    expect(() => farm.create(deviceId.replace(/3$/, "4"), spec)).toThrow("no room");
    expect(farm.create(deviceId, spec)).toBe(farm.find(deviceId));
  });

  it("does as its fault knobs say", async () => {
    const farm = await openFarm(folder());
    const crashing = { ...spec, properties: { "sim.crashAfterMs": "5" } };
    const crashed = Promise.withResolvers<void>();
    const phone = farm.create(deviceId, crashing);
    using _watching = farm.onChange(() => {
      if (phone.instanceId !== "" && !phone.on) crashed.resolve();
    });
    await farm.powerOn(deviceId);
    await crashed.promise;
    expect(phone.on).toBe(false);
    const dead = deviceId.replace(/3$/, "5");
    farm.create(dead, { ...spec, properties: { "sim.failStart": "1" } });
    await expect(farm.powerOn(dead)).rejects.toMatchObject({ code: "device_failed" });
  });
});
