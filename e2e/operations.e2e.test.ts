import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { realApk } from "@cloudphone/testing/apk";
import { expect, test } from "vitest";
import { eventually } from "./api.ts";
import { apkName } from "./apk.ts";
import { Cell } from "./cell.ts";
import { Terminal } from "./terminal.ts";

interface Account {
  readonly email: string;
  readonly password: string;
}

/** A platform whose customer rents phones that install slowly, and a terminal where that customer is signed in. */
async function rented(phones: number) {
  const cell = await Cell.start();
  const home = await mkdtemp(path.join(tmpdir(), "cloudphone-home-"));
  const end = async (): Promise<void> => {
    await cell[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  };
  try {
    await cell.hostReady();
    await cell.admin.mutate("plans.create", {
      name: "Slow",
      priceMinor: 0,
      hourlyMinor: 0,
      spec: { ...samplePhone, properties: { "sim.installDelayMs": "700" } },
      idempotencyKey: randomUUID(),
    });
    for (let phone = 0; phone < phones; phone++)
      expect((await cell.buy("Slow")).state).toBe("paid");
    const file = path.join(cell.dir, "hub", "first-accounts.json");
    const { demo } = JSON.parse(await readFile(file, "utf8")) as { demo: Account };
    const terminal = new Terminal(home, () => cell.url);
    expect((await terminal.signIn(demo)).code).toBe(0);
    const devices = await terminal.ask<{ name: string; deviceId: string }[]>("devices", "list");
    expect(devices).toHaveLength(phones);
    return { cell, terminal, devices, [Symbol.asyncDispose]: end };
  } catch (error) {
    const account = await cell.account();
    await end();
    throw new Error(account, { cause: error });
  }
}

test("a phone is set, told of and cloned from the command line, and evil values are refused with the reason", async () => {
  await using place = await rented(2);
  const { terminal, devices } = place;
  const [phone = "", other = ""] = devices.map(({ name }) => name);
  await terminal.ask("devices", "rotate", phone, "90");
  await terminal.ask("devices", "resize", phone, "--size", "240x320", "--dpi", "120");
  await terminal.ask("devices", "locate", phone, "-33.86", "151.2");
  await terminal.ask("devices", "timezone", phone, "Europe/Berlin");
  await terminal.ask("devices", "proxy", phone, "proxy.example.com:3128");
  await terminal.ask("devices", "setprop", phone, "persist.app.level", "3");
  await terminal.ask("devices", "locale", phone, "de-DE");
  await terminal.ask("devices", "restart", phone, "--wait");
  expect(await terminal.ask("devices", "inspect", phone)).toMatchObject({
    android: "13",
    locale: "de-DE",
    timeZone: "Europe/Berlin",
    proxy: { host: "proxy.example.com", port: 3128 },
    screen: { width: 240, height: 320, dpi: 120, rotation: 90, autoRotate: false },
  });
  await terminal.ask("apps", "start", phone, "com.android.settings");
  await terminal.ask("apps", "stop", phone, "com.android.settings");
  const taken = await terminal.ask<{ snapshotId: string }>("snapshots", "create", phone);
  await terminal.ask("devices", "setprop", phone, "persist.app.level", "4");
  await terminal.ask("snapshots", "restore", taken.snapshotId, phone);
  await terminal.ask("devices", "clone", phone, other);
  for (const device of [phone, other])
    expect(await terminal.ask("devices", "getprop", device, "persist.app")).toMatchObject({
      properties: { "persist.app.level": "3" },
    });
  expect(await terminal.ask("snapshots", "list")).toMatchObject([{ snapshotId: taken.snapshotId }]);
  for (const [args, why] of [
    [["apps", "start", phone, "a.b; reboot"], "package name"],
    [["devices", "setprop", phone, "ctl.restart", "zygote"], "read-only"],
    [["devices", "timezone", phone, "Europe/Atlantis"], "no such time zone"],
    [["devices", "locate", phone, "91", "0"], "latitude"],
    [["devices", "proxy", phone, "user:pw@proxy:1"], "no proxy"],
  ] as const)
    expect(await terminal.type(args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`^error: .*${why}.*\\n$`)) as string,
    });
});

test("an install on many phones goes on after the hub was killed in its middle, once on each phone", async () => {
  await using place = await rented(4);
  const { cell, terminal, devices } = place;
  await terminal.ask("apps", "upload", realApk);
  const typed = terminal.type(["apps", "install", apkName, "--all", "--parallel", "1", "--wait"]);
  const batchId = await eventually(async () => {
    const [batch] =
      await cell.customer.query<{ batchId: string; counts: { installed: number } }[]>(
        "apps.batches",
      );
    return batch && batch.counts.installed > 0 ? batch.batchId : null;
  });
  cell.kill("hub");
  const { code, stdout, stderr } = await typed;
  expect(code, stderr).toBe(0);
  expect(cell.restarts("hub")).toBe(1);
  for (const { name } of devices) {
    expect(stdout).toMatch(new RegExp(`${name} +installed`));
    // How often it looks is not how fast a phone installs.
    expect(stderr).toMatch(new RegExp(`${name}  install(ing|ed)`));
    expect(await terminal.ask("apps", "list", "--device", name)).toMatchObject({
      apps: [{ packageName: apkName, versionCode: 192 }],
    });
  }
  const events = await eventually(() =>
    cell.admin.query<{ type: string; subject: string }[]>("events.list", {
      types: ["app.install.requested", "app.install.completed", "app.batch.completed"],
      limit: 100,
    }),
  );
  for (const type of ["app.install.requested", "app.install.completed"])
    expect(
      events
        .filter((event) => event.type === type)
        .map(({ subject }) => subject)
        .toSorted(),
    ).toEqual(devices.map(({ deviceId }) => deviceId).toSorted());
  expect(events.filter(({ type }) => type === "app.batch.completed")).toHaveLength(1);
  const saga = await cell.admin.query("sagas.show", { id: batchId });
  expect(saga).toMatchObject({ name: "install-batch", status: "completed", phase: "done" });
});
