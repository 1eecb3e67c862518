import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SimPhone } from "./phone.ts";
import { startTransport } from "./adb-transport.ts";

const run = promisify(execFile);
const apk = path.join(
  import.meta.dirname,
  "../../../../node_modules/io.appium.settings/apks/settings_apk-debug.apk",
);

function hasAdb(): boolean {
  try {
    execFileSync("adb", ["version"], { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

const found = hasAdb();
if (!found && process.env.CI !== "true")
  console.warn("adb is not installed: its tests are skipped");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

describe.skipIf(!found && process.env.CI !== "true")("a simulated phone under the real adb", () => {
  let dir: string;
  let port = 0;
  let serial: string;
  let connected = "";
  let stop: (() => void) | null = null;

  const adb = async (...args: string[]): Promise<Buffer> => {
    const options = { encoding: "buffer", timeout: 30_000, maxBuffer: 16 * 1024 ** 2 } as const;
    return (await run("adb", ["-P", String(port), ...args], options)).stdout;
  };
  const device = (...args: string[]): Promise<Buffer> => adb("-s", serial, ...args);

  beforeAll(async () => {
    if (!found) throw new Error("adb must be installed where CI=true: apt-get install adb");
    dir = mkdtempSync(path.join(os.tmpdir(), "adb-"));
    const phone = new SimPhone({
      provider: "simulated",
      image: "sim-13",
      width: 360,
      height: 640,
      dpi: 160,
      memoryMiB: 512,
      cpus: 1,
      properties: { "sim.bootDelayMs": "0" },
    });
    phone.powerOn();
    const transport = await startTransport(phone);
    stop = () => {
      phone.powerOff();
      transport.stop();
    };
    serial = `127.0.0.1:${transport.port}`;
    port = await freePort();
    connected = (await adb("connect", serial)).toString();
    await device("wait-for-device");
  });

  afterAll(async () => {
    if (port) await adb("kill-server").catch(() => undefined);
    stop?.();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  it("is connected, and listed as a device", async () => {
    expect(connected).toContain(`connected to ${serial}`);
    expect((await adb("devices")).toString()).toContain(`${serial}\tdevice`);
  });

  it("hands on the exit code of a command", async () => {
    await expect(device("shell", "exit 7")).rejects.toMatchObject({ code: 7 });
    expect((await device("shell", "echo hello")).toString().trim()).toBe("hello");
  });

  it("takes a megabyte and gives it back unchanged", async () => {
    const sent = randomBytes(1024 ** 2);
    writeFileSync(path.join(dir, "sent"), sent);
    await device("push", path.join(dir, "sent"), "/data/local/tmp/sent");
    await device("pull", "/data/local/tmp/sent", path.join(dir, "back"));
    expect(readFileSync(path.join(dir, "back")).equals(sent)).toBe(true);
  });

  it("installs a real package and lists it", async () => {
    expect((await device("install", "--no-streaming", apk)).toString()).toContain("Success");
    expect((await device("shell", "pm list packages")).toString()).toContain(
      "package:io.appium.settings",
    );
  });

  it("gives a PNG of its screen, byte for byte", async () => {
    const png = await device("exec-out", "screencap -p");
    expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
    expect(png.subarray(-8, -4).toString("latin1")).toBe("IEND");
  });
});
