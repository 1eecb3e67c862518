import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AdbDevice } from "../../adb/adb.ts";
import type { Handle, Observation } from "../provider.ts";
import { realAdbMissing } from "../simulated/real-adb.ts";
import { type OpenedProvider, openRack, type Rack } from "./rack.ts";

const missing = realAdbMissing();
const spec: DeviceSpec = { ...samplePhone, provider: "usb", image: "any", properties: {} };
const limits = () => ({ signal: AbortSignal.timeout(30_000) });
const call = { timeoutMs: 5000 };

describe.skipIf(missing)(`real phones in a rack${missing ? `: ${missing}` : ""}`, () => {
  let rack: Rack;
  let dir = "";
  let opened: OpenedProvider;

  beforeEach(async () => {
    rack = await openRack({ phones: 2, properties: { "sim.root": "1" } });
    dir = await mkdtemp(path.join(tmpdir(), "usb-rack-"));
    opened = rack.provider(dir, pino({ level: process.env.USB_LOG ?? "silent" }));
  });
  afterEach(async () => {
    await opened.close();
    await rack[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const make = (deviceId: string, wanted = spec): Promise<Handle> =>
    opened.provider.create({ deviceId, spec: wanted }, limits());
  const observe = (handle: Handle): Promise<Observation> =>
    opened.provider.observe(handle, limits());
  /** Which phone of the rack it is. */
  const indexOf = (handle: Handle): number => rack.addresses.indexOf(String(handle.serial));
  const openDevice = async (handle: Handle): Promise<AdbDevice> => {
    await opened.provider.start(handle, limits());
    const seen = await observe(handle);
    if (seen.state !== "running") throw new Error(`it is ${seen.state}`);
    return rack.adb.open(seen.adb);
  };
  /** Asks again at every hint until it is shown. */
  const until = async (shown: () => Promise<boolean>): Promise<void> => {
    for (;;) {
      const hinted = Promise.withResolvers<void>();
      using _watching = opened.provider.watch(() => hinted.resolve());
      const timer = setTimeout(() => hinted.resolve(), 200);
      if (await shown()) return clearTimeout(timer);
      await hinted.promise;
      clearTimeout(timer);
    }
  };

  it("are offered as long as they are there, and their problems are said", async () => {
    expect(await opened.provider.fingerprint()).toMatchObject({ capacity: 2, reason: null });
    rack.unplug(0);
    await until(async () => (await opened.provider.fingerprint()).capacity === 1);
    const { reason, available } = await opened.provider.fingerprint();
    expect(available).toBe(true);
    expect(reason).toContain(rack.addresses[0]);
    await rack.plugIn(0);
    await until(async () => (await opened.provider.fingerprint()).capacity === 2);
  });

  it("are each claimed once, by what the plan names, and no more than there are", async () => {
    const handles = await Promise.all([make("d1"), make("d2")]);
    expect(new Set(handles.map(indexOf)).size).toBe(2);
    await expect(make("d3")).rejects.toMatchObject({
      code: "no_capacity",
      message: "All 2 phones of this host that fit are let or can't be used.",
    });
    await expect(make("d4", { ...spec, image: "Pixel 9" })).rejects.toMatchObject({
      message: "No phone for rent on this host is of the model Pixel 9.",
    });
    await opened.provider.destroy(handles[0], limits());
    const again = await make("d5", { ...spec, image: "simphone" });
    expect(indexOf(again)).toBe(indexOf(handles[0]));
  });

  it("that vanish mid-lease are broken with the reason, and go on as another instance when they have restarted", async () => {
    const handle = await make("d1");
    await openDevice(handle);
    const before = await observe(handle);
    rack.unplug(indexOf(handle));
    await until(async () => (await observe(handle)).state === "broken");
    expect(await observe(handle)).toMatchObject({ reason: expect.stringMatching(/answer/) });
    await expect(opened.provider.start(handle, limits())).rejects.toMatchObject({ name: "Fault" });
    await rack.plugIn(indexOf(handle));
    await until(async () => (await observe(handle)).state === "running");
    const after = await observe(handle);
    expect(after).not.toEqual(before);
  });

  it("say how their battery is", async () => {
    const handle = await make("d1");
    rack.phone(indexOf(handle)).battery = { ac: 1, level: 63, temp: 312, status: 2 };
    await openDevice(handle);
    const battery = { percent: 63, temperatureC: 31.2, charging: true };
    await until(async () => {
      const seen = await observe(handle);
      return seen.state === "running" && seen.battery?.percent === 63;
    });
    expect(await observe(handle)).toMatchObject({ battery });
  });

  it("are not lost with the adb server: the same instance runs on", async () => {
    const handle = await make("d1");
    await openDevice(handle);
    const before = await observe(handle);
    await rack.real.kill();
    expect(await observe(handle)).toEqual(before);
  });

  it("that hang are recovered or kept out with the reason, and hold up no other", async () => {
    const handle = await make("d1");
    await openDevice(handle);
    rack.phone(indexOf(handle)).hung = true;
    const other = await make("d2");
    await openDevice(other);
    expect(await observe(other)).toMatchObject({ state: "running" });
    await until(async () => {
      const seen = await observe(handle);
      return seen.state === "broken" && /kept out.*adb reconnected it/.test(seen.reason);
    });
    rack.phone(indexOf(handle)).hung = false;
    await until(async () => (await observe(handle)).state === "running");
  }, 60_000);

  it("that are too hot take no work until they have cooled down, and stop charging where that can be switched", async () => {
    const handle = await make("d1");
    const phone = rack.phone(indexOf(handle));
    const charger = "/sys/class/power_supply/battery/charging_enabled";
    phone.writeFile(charger, Buffer.from("1"));
    phone.battery = { ac: 1, level: 50, temp: 471, status: 2 };
    await until(async () => (await opened.provider.fingerprint()).reason?.includes("hot") ?? false);
    await expect(opened.provider.start(handle, limits())).rejects.toMatchObject({
      message: expect.stringMatching(/too hot \(47.1 °C\)/),
    });
    await until(async () => phone.disk.files.get(charger)?.toString() === "0\n");
    phone.battery.temp = 300;
    phone.battery.level = 30;
    phone.battery.status = 4;
    await until(async () => (await opened.provider.fingerprint()).reason === null);
    await opened.provider.start(handle, limits());
    await until(async () => phone.disk.files.get(charger)?.toString() === "1\n");
  });

  it("are wiped of all that a customer put there, and restarted", async () => {
    const handle = await make("d1");
    const device = await openDevice(handle);
    const phone = rack.phone(indexOf(handle));
    const bytes = randomBytes(100);
    for (const name of ["a b.bin", "-rf", "new\nline", ".hidden"])
      await device.push({ from: Readable.from([bytes]), to: `/sdcard/${name}` }, call);
    await device.shell(["settings", "put", "global", "http_proxy", "10.0.0.1:80"], call);
    await device.shell(["cmd", "alarm", "set-timezone", "Asia/Tokyo"], call);
    const before = { boot: phone.instanceId, id: phone.disk.identity.androidId };
    await opened.provider.stop(handle, limits());
    await opened.provider.wipe(handle, limits());
    await opened.provider.start(handle, limits());
    expect([...phone.disk.files.keys()]).toEqual([]);
    expect(phone.disk.settings.get("global/http_proxy")).toBeUndefined();
    expect(phone.properties.get("persist.sys.timezone")).toBe("UTC");
    expect(phone.disk.identity.androidId).not.toBe(before.id);
    expect(phone.instanceId).not.toBe(before.boot);
  });

  it("that can't be cleaned are refused with what stayed, and nobody gets them", async () => {
    const handle = await make("d1");
    await openDevice(handle);
    rack.phone(indexOf(handle)).disk.settings.set("lock/pin", "1234");
    await opened.provider.stop(handle, limits());
    await expect(opened.provider.wipe(handle, limits())).rejects.toMatchObject({
      code: "device_failed",
      message: expect.stringContaining("a screen lock stayed"),
    });
    await opened.provider.destroy(handle, limits());
    expect((await opened.provider.fingerprint()).capacity).toBe(1);
  });

  it("that were given back while they were away are wiped when they return, and free then", async () => {
    using _watching = opened.provider.watch(() => undefined);
    const handle = await make("d1");
    const device = await openDevice(handle);
    await device.push({ from: Readable.from(["secret"]), to: "/sdcard/secret" }, call);
    const phone = rack.phone(indexOf(handle));
    rack.unplug(indexOf(handle));
    await opened.provider.destroy(handle, limits());
    expect(await opened.provider.list(limits())).toEqual([]);
    await rack.plugIn(indexOf(handle));
    await until(async () => (await opened.provider.fingerprint()).capacity === 2);
    expect(phone.disk.files.has("/sdcard/secret")).toBe(false);
  });
});
