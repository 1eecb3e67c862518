import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const offMs = 500;
const resetMs = 10_000;

/**
 * Takes a phone off its USB port and puts it on again, as pulling the cable would: the kernel's `authorized` switch, or `usbreset` (usbutils) where that may
 * not be written. Null when it was done, else in words why it could not be. `place` is adb's "usb:1-2.3", which is the kernel's name of the port.
 */
export async function resetUsb(
  place: string,
  sysfs = "/sys/bus/usb/devices",
): Promise<string | null> {
  const port = /^usb:(\d+-\d+(?:\.\d+)*)$/.exec(place)?.[1];
  if (port === undefined) return `${place} is no USB port of this host`;
  const folder = path.join(sysfs, port);
  try {
    await writeFile(path.join(folder, "authorized"), "0");
    await delay(offMs);
    await writeFile(path.join(folder, "authorized"), "1");
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return `there is nothing at the USB port ${port}`;
    return (await resetByTool(folder)) ? null : `resetting USB needs root (${code})`;
  }
}

/** usbreset takes "bus/device" and does USBDEVFS_RESET; members of plugdev may, by udev's rule for the phone. */
async function resetByTool(folder: string): Promise<boolean> {
  try {
    const number = async (name: string): Promise<string> =>
      (await readFile(path.join(folder, name), "utf8")).trim().padStart(3, "0");
    const target = `${await number("busnum")}/${await number("devnum")}`;
    await run("usbreset", [target], { timeout: resetMs });
    return true;
  } catch {
    return false;
  }
}
