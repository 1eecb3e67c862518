import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { resetUsb } from "./usb-reset.ts";

async function sysfs(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), "usb-sysfs-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

it("takes a phone off its port and puts it on again", async () => {
  const dir = await sysfs();
  const switchFile = path.join(dir, "1-2.3/authorized");
  await mkdir(path.dirname(switchFile));
  await writeFile(switchFile, "1");
  const seen: string[] = [];
  const done = resetUsb("usb:1-2.3", dir);
  while ((await readFile(switchFile, "utf8")) !== "0") seen.push("on");
  expect(await done).toBeNull();
  expect(await readFile(switchFile, "utf8")).toBe("1");
});

it("says why it could not: nothing there, no port, or a name that leads elsewhere", async () => {
  const dir = await sysfs();
  expect(await resetUsb("usb:9-9", dir)).toBe("there is nothing at the USB port 9-9");
  expect(await resetUsb("10.0.0.7:5555", dir)).toMatch(/is no USB port/);
  expect(await resetUsb("usb:../../etc", dir)).toMatch(/is no USB port/);
});
