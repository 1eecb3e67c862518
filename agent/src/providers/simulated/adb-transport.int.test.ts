import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { realApk } from "@cloudphone/testing/apk";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SimFarm } from "./farm.ts";
import { type RealAdb, realAdbMissing, startRealAdb } from "./real-adb.ts";

const deviceId = "0190d6a0-0000-7000-8000-00000000a002";
const spec: DeviceSpec = {
  ...samplePhone,
  image: "sim:13",
  dpi: 240,
  properties: { "sim.bootDelayMs": "10" },
};
const missing = realAdbMissing();

describe.skipIf(missing)(
  `the real adb with a simulated phone${missing ? `: ${missing}` : ""}`,
  () => {
    const farm = new SimFarm({ frontEnd: "transport", capacity: 5, dir: null });
    let real: RealAdb;
    let serial = "";
    let dir = "";
    const adb = async (...args: string[]): Promise<string> =>
      (await real.adb("-s", serial, ...args)).stdout.toString("utf8");

    beforeAll(async () => {
      dir = await mkdtemp(path.join(tmpdir(), "sim-phone-"));
      real = await startRealAdb();
      await farm.start();
      farm.create(deviceId, spec);
      await farm.powerOn(deviceId);
      serial = farm.target(deviceId)?.serial ?? "";
      await real.adb("connect", serial);
      await adb("wait-for-device");
    });
    afterAll(async () => {
      farm.stop();
      await real?.[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    });

    it("is listed with its model", async () => {
      const { stdout } = await real.adb("devices", "-l");
      expect(stdout.toString()).toMatch(/device product:simphone model:SimPhone/);
    });

    it("gives exit codes, and errors apart from output", async () => {
      await expect(adb("shell", "exit 7")).rejects.toMatchObject({ code: 7 });
      const { stdout, stderr } = await real.adb("-s", serial, "shell", "echo a; ls /none; echo b");
      expect([stdout.toString(), stderr.toString()]).toEqual([
        "a\nb\n",
        "ls: /none: No such file or directory\n",
      ]);
    });

    it("takes and gives back five megabytes", async () => {
      const bytes = randomBytes(5 * 1024 ** 2);
      await writeFile(path.join(dir, "up"), bytes);
      await adb("push", path.join(dir, "up"), "/sdcard/five.bin");
      await adb("pull", "/sdcard/five.bin", path.join(dir, "down"));
      expect((await readFile(path.join(dir, "down"))).equals(bytes)).toBe(true);
    });

    it("installs a real package, streamed and not", async () => {
      expect(await adb("install", realApk)).toContain("Success");
      expect(await adb("shell", "pm", "list", "packages", "-3")).toBe(
        "package:io.appium.settings\n",
      );
      expect(await adb("uninstall", "io.appium.settings")).toContain("Success");
      expect(await adb("install", "--no-streaming", realApk)).toContain("Success");
    });

    it("gives the same bytes by exec-out as to a file", async () => {
      const { stdout } = await real.adb(
        "-s",
        serial,
        "exec-out",
        "cat",
        "/data/app/io.appium.settings/base.apk",
      );
      expect(stdout.equals(await readFile(realApk))).toBe(true);
      const picture = await real.adb("-s", serial, "exec-out", "screencap", "-p");
      expect(PNG.sync.read(picture.stdout).width).toBe(spec.width);
    });

    it("prints its log", async () => {
      expect(await adb("logcat", "-d")).toContain("boot completed");
    });

    it("goes offline with the phone's power and comes back by itself at the same address", async () => {
      farm.powerOff(deviceId);
      await expect(adb("shell", "true")).rejects.toThrow(/offline|not found|closed/);
      await farm.powerOn(deviceId);
      expect(farm.target(deviceId)?.serial).toBe(serial);
      await real.adb("disconnect", serial).catch(() => undefined);
      // A server that still says goodbye to the old connection may give the new one as offline.
      const back = async (): Promise<string> => {
        await real.adb("connect", serial);
        return adb("shell", "echo back");
      };
      const asked = () => back().catch(() => "");
      await expect.poll(asked, { timeout: 30_000, interval: 100 }).toBe("back\n");
    });

    it("hangs up on garbage and lives on", async () => {
      const [, port] = serial.split(":");
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(randomBytes(4096));
      await new Promise((resolve) => socket.once("close", resolve));
      expect(await adb("shell", "echo alive")).toBe("alive\n");
    });
  },
);
