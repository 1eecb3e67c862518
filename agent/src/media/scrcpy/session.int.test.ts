import { randomInt, randomUUID } from "node:crypto";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Fault } from "@cloudphone/shared/fault";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { AdbDevice } from "../../adb/adb.ts";
import { createAdb } from "../../adb/open.ts";
import { SimFarm } from "../../providers/simulated/farm.ts";
import type { SimPhone } from "../../providers/simulated/phone.ts";
import { keyCodes } from "../../providers/simulated/ui/keys.ts";
import type { AccessUnit } from "../access-units.ts";
import { serverFileForTests } from "../testing.ts";
import { clipboard } from "./clipboard.ts";
import { pushServerFile } from "./server-file.ts";
import { ScrcpySession } from "./session.ts";

const call = { timeoutMs: 10_000 };
const profile = { maxSize: 640, maxFps: 30, videoBitRate: 2_000_000 };
let serverFile: string;

beforeAll(async () => {
  serverFile = await serverFileForTests();
}, 100_000);

/** A booted phone behind the adb server's protocol, with the server's own file on it. */
async function openPhone(
  properties: Record<string, string> = {},
): Promise<{ phone: SimPhone; device: AdbDevice }> {
  const farm = new SimFarm({ frontEnd: "server", capacity: 1, dir: null });
  await farm.start();
  const adb = createAdb();
  onTestFinished(async () => {
    await adb.close();
    farm.stop();
  });
  const deviceId = randomUUID();
  const phone = farm.create(deviceId, {
    ...samplePhone,
    properties: { "sim.bootDelayMs": "0", ...properties },
  });
  await farm.powerOn(deviceId);
  const target = farm.target(deviceId);
  if (!target) throw new Error("the phone can't be reached");
  const device = await adb.open(target);
  await device.waitBooted({ ...call, signal: AbortSignal.timeout(10_000) });
  await pushServerFile(device, serverFile, call);
  return { phone, device };
}

interface Watched {
  readonly session: ScrcpySession;
  readonly units: AccessUnit[];
  readonly clipboards: string[];
  sounds: number;
  end: Fault | null;
}

async function watch(
  device: AdbDevice,
  options: { audio?: boolean; maxSize?: number } = {},
): Promise<Watched> {
  const watched = {
    units: [] as AccessUnit[],
    clipboards: [] as string[],
    sounds: 0,
    end: null as Fault | null,
  };
  const session = await ScrcpySession.open(device, {
    profile: { ...profile, maxSize: options.maxSize ?? profile.maxSize },
    audio: options.audio ?? true,
    scid: 0x0badcafe,
    signal: new AbortController().signal,
    events: {
      onPicture: (unit) => watched.units.push(unit),
      onSound: () => watched.sounds++,
      onClipboard: (text) => watched.clipboards.push(text),
      onEnd: (fault) => (watched.end = fault),
    },
  });
  onTestFinished(() => session.close());
  return Object.assign(watched, { session });
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { timeout: 10_000, interval: 10 }).toBe(true);

describe("a session of scrcpy's server on a phone", { timeout: 30_000 }, () => {
  it("gives pictures from a key frame on, and sound", async () => {
    const { device } = await openPhone();
    const watched = await watch(device);
    await until(() => watched.units.length >= 2 && watched.sounds >= 3);
    expect(watched.units[0]).toMatchObject({ key: true, width: 360, height: 640 });
  });

  it("taps, types and pastes what no key can, and hears of the phone's clipboard", async () => {
    const { phone, device } = await openPhone();
    const watched = await watch(device);
    const at = { pointerId: -2n, pressure: 1, x: 45, y: 560, width: 360, height: 640 };
    watched.session.send({ type: "touch", action: "down", ...at });
    watched.session.send({ type: "touch", action: "up", ...at });
    watched.session.send({ type: "text", text: "hello " });
    await watched.session.setClipboard("你好 😀", { paste: true });
    expect(phone.screen).toMatchObject({
      packageName: "com.cloudphone.notes",
      text: "hello 你好 😀",
    });
    phone.setClipboard("copied on the phone");
    await until(() => watched.clipboards.includes("copied on the phone"));
    watched.session.send({ type: "key", action: "down", keycode: keyCodes.home });
    await until(() => phone.screen.kind === "home");
  });

  it("reads the clipboard and sets it beside a session that films, also an empty one", async () => {
    const { phone, device } = await openPhone();
    const watched = await watch(device, { audio: false });
    const ask = (text: string | null): Promise<string> =>
      clipboard(device, text, {
        scid: randomInt(2 ** 31 - 1),
        signal: AbortSignal.timeout(20_000),
      });
    expect(await ask(null)).toBe("");
    phone.setClipboard("copied on the phone");
    expect(await ask(null)).toBe("copied on the phone");
    const text = "zwei Zeilen\n\"'; reboot; '\" 你好 😀";
    expect(await ask(text)).toBe(text);
    expect(phone.clipboard).toBe(text);
    expect(watched.end).toBeNull();
  });

  it("follows the phone when it is turned", async () => {
    const { device } = await openPhone();
    const watched = await watch(device, { audio: false });
    await until(() => watched.units.length > 0);
    watched.session.send({ type: "rotate" });
    await until(() => watched.units.at(-1)?.width === 640);
    expect(watched.units.find((unit) => unit.width === 640)).toMatchObject({
      key: true,
      height: 360,
    });
  });

  it("gets a key frame of a still screen when it asks for one", async () => {
    const { device } = await openPhone();
    const watched = await watch(device, { audio: false });
    await until(() => watched.units.length > 0);
    watched.session.send({ type: "reset-video" });
    await until(() => watched.units.filter(({ key }) => key).length >= 2);
  });

  it("says that it ended, and why, when the phone loses power", async () => {
    const { phone, device } = await openPhone();
    const watched = await watch(device);
    phone.powerOff();
    await until(() => watched.end !== null);
    expect(watched.end?.code).toBe("device_failed");
  });

  it("says in the server's own words why there is no picture", async () => {
    const { device } = await openPhone({ "sim.encoderMaxSize": "100" });
    await expect(watch(device)).rejects.toMatchObject({
      code: "device_failed",
      message: expect.stringContaining("Video encoding error") as string,
    });
  });

  it("does not begin with a server's file that was tampered with", async () => {
    const { phone, device } = await openPhone();
    phone.writeFile("/data/local/tmp/scrcpy-server-3.3.3.jar", Buffer.from("another"));
    await expect(watch(device)).rejects.toMatchObject({ code: "device_failed" });
    await pushServerFile(device, serverFile, call);
    await watch(device);
  });
});
