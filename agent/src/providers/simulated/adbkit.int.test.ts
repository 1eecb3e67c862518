import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import path from "node:path";
import { realApk } from "@cloudphone/testing/apk";
import type { Readable } from "node:stream";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { Adb, type Client, type DeviceClient } from "@devicefarmer/adbkit";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SimFarm } from "./farm.ts";

const deviceId = "0190d6a0-0000-7000-8000-00000000a001";
const spec: DeviceSpec = {
  ...samplePhone,
  image: "sim:13",
  dpi: 240,
  properties: { "sim.bootDelayMs": "10" },
};

/** adbd takes no more than 64 KiB in one message of the sync service. */
function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

describe("adbkit over the simulated adb server", () => {
  const farm = new SimFarm({ frontEnd: "server", capacity: 5, dir: null });
  let client: Client;
  let phone: DeviceClient;
  let serial: string;

  beforeAll(async () => {
    await farm.start();
    farm.create(deviceId, spec);
    await farm.powerOn(deviceId);
    const target = farm.target(deviceId);
    if (!target) throw new Error("the phone can't be reached");
    serial = target.serial;
    client = Adb.createClient({ ...target.server, bin: "/nonexistent/adb" });
    phone = client.getDevice(serial);
  });
  afterAll(() => farm.stop());

  const shell = async (line: string): Promise<string> => {
    const stream = await phone.shell(line);
    return (await Adb.util.readAll(stream)).toString("utf8");
  };

  it("lists and tracks the phone, and tells its state", async () => {
    expect(await client.version()).toBe(41);
    expect(await client.listDevices()).toEqual([{ id: serial, type: "device" }]);
    expect(await phone.getState()).toBe("device");
    await phone.waitForDevice();
    const tracker = await client.trackDevices();
    const removed = new Promise((resolve) => tracker.once("remove", resolve));
    farm.powerOff(deviceId);
    expect(await removed).toMatchObject({ id: serial });
    const added = new Promise((resolve) => tracker.once("add", resolve));
    await farm.powerOn(deviceId);
    expect(await added).toMatchObject({ id: serial });
    tracker.end();
  });

  it("waits until it has booted, and reads properties, features and packages", async () => {
    await phone.waitBootComplete();
    const properties = await phone.getProperties();
    expect(properties["sys.boot_completed"]).toBe("1");
    expect(await phone.getFeatures()).toMatchObject({ "android.hardware.touchscreen": true });
    expect(await phone.getPackages()).toContain("com.android.settings");
  });

  it("passes arguments of a shell array as they are", async () => {
    const stream = await phone.shell(["echo", "a b'c", "$HOME", "; id"]);
    expect((await Adb.util.readAll(stream)).toString("utf8")).toBe("a b'c $HOME ; id\n");
  });

  it("installs a real package, starts it, clears it and removes it", async () => {
    expect(await phone.isInstalled("io.appium.settings")).toBe(false);
    await phone.install(realApk);
    expect(await phone.isInstalled("io.appium.settings")).toBe(true);
    expect(await phone.getPackages()).toContain("io.appium.settings");
    await phone.startActivity({ component: "io.appium.settings/.Settings", wait: true });
    expect(await shell("dumpsys window")).toContain("io.appium.settings");
    await phone.clear("io.appium.settings");
    await phone.uninstall("io.appium.settings");
    expect(await phone.isInstalled("io.appium.settings")).toBe(false);
    expect(await shell("ls /data/local/tmp")).toBe("");
  });

  it("refuses what is no package with Android's code", async () => {
    const transfer = await phone.push(path.join(import.meta.dirname, "farm.ts"), "/sdcard/x.apk");
    await new Promise((resolve) => transfer.once("end", resolve));
    await expect(phone.installRemote("/sdcard/x.apk")).rejects.toMatchObject({
      code: expect.stringMatching(/^INSTALL_PARSE_FAILED_NOT_APK/) as string,
    });
  });

  it("starting what is not installed is an error", async () => {
    await expect(phone.startActivity({ component: "no.such/.Main" })).rejects.toThrow("no.such");
  });

  it("pushes, stats, lists and pulls a file of five megabytes", async () => {
    const { Readable: Source } = await import("node:stream");
    const bytes = randomBytes(5 * 1024 ** 2);
    const push = await phone.push(Source.from(slices(bytes)) as never, "/sdcard/five.bin", 0o644);
    await new Promise((resolve, reject) => push.once("end", resolve).once("error", reject));
    expect((await phone.stat("/sdcard/five.bin")).size).toBe(bytes.length);
    const names = (await phone.readdir("/sdcard")).map((entry: { name: string }) => entry.name);
    expect(names).toContain("five.bin");
    const pulled: Buffer[] = [];
    for await (const chunk of await phone.pull("/sdcard/five.bin")) pulled.push(chunk as Buffer);
    expect(Buffer.concat(pulled).equals(bytes)).toBe(true);
  });

  it("a pull of a missing file fails", async () => {
    const transfer = await phone.pull("/sdcard/none");
    await expect(
      new Promise((resolve, reject) => transfer.once("end", resolve).once("error", reject)),
    ).rejects.toThrow("No such file");
  });

  it("gives its screen as a PNG of its size", async () => {
    const picture = await Adb.util.readAll(
      (await phone.screencap()) as unknown as Readable as never,
    );
    const png = PNG.sync.read(picture);
    expect([png.width, png.height]).toEqual([spec.width, spec.height]);
  });

  it("follows the log as text", async () => {
    const stream = await phone.shell("logcat -v threadtime");
    const seen = Promise.withResolvers<void>();
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (text.includes("a line of the test")) seen.resolve();
    });
    await shell("log -t Test a line of the test");
    await seen.promise;
    stream.destroy();
    expect(text).toMatch(/^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /m);
  });

  it("answers garbage with a refusal or by hanging up, and lives on", async () => {
    const port = farm.target(deviceId)?.server.port ?? 0;
    const ask = (service: string): string => service.length.toString(16).padStart(4, "0") + service;
    const chosen = ask(`host:transport:${serial}`);
    const attempts = [
      randomBytes(4096),
      "zzzz",
      "0000",
      "ffffffff",
      ask("nothing:"),
      ask("host:nothing"),
      ask("host-serial:none:get-state"),
      ask("shell:ls"),
      chosen + ask("nothing:"),
      `${chosen}${ask("sync:")}SEND\xff\xff\xff\x7f`,
      `${chosen}${ask("sync:")}JUNKJUNK`,
    ];
    for (const attempt of attempts) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.resume();
      socket.end(attempt);
      await new Promise((resolve) => socket.once("close", resolve));
    }
    expect(await shell("echo alive")).toBe("alive\n");
  });

  it("answers a round trip in under a few milliseconds", async () => {
    const started = performance.now();
    for (let count = 0; count < 50; count++) await shell("true");
    expect((performance.now() - started) / 50).toBeLessThan(10);
  });

  it("reads what the readme of the shell promises", async () => {
    const answers: Record<string, string> = {
      "echo a; echo b && false || echo c": "a\nb\nc\n",
      "false; echo $?": "1\n",
      "nothing 2>/dev/null; echo $?": "127\n",
      "echo hidden >/dev/null 2>&1; echo shown": "shown\n",
      "echo text > /sdcard/w; echo more >> /sdcard/w; cat /sdcard/w": "text\nmore\n",
      "pm list packages | grep settings": "package:com.android.settings\n",
      "while ! true; do sleep 1; done; echo out": "out\n",
      "if [ -f /sdcard/w ]; then echo is; else echo not; fi": "is\n",
      "X=5; echo $X": "5\n",
      "sh -c 'echo inner; exit 3'; echo $?": "inner\n3\n",
      "mkdir -p /sdcard/d && ls -d /sdcard/d": "/sdcard/d\n",
      "wm size": "Physical size: 360x640\n",
      "settings put global k 'v w'; settings get global k": "v w\n",
    };
    for (const [line, answer] of Object.entries(answers))
      expect([line, await shell(line)]).toEqual([line, answer]);
  });
});
