import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import {
  type CommandData,
  type CommandType,
  commandCatalog,
} from "@cloudphone/shared/commands/catalog";
import type { Desired } from "@cloudphone/shared/device";
import type { Envelope } from "@cloudphone/shared/envelope";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { pino } from "pino";
import { PNG } from "pngjs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAdb } from "../adb/open.ts";
import { Fleet } from "../devices/fleet.ts";
import { SimFarm } from "../providers/simulated/farm.ts";
import type { SimPhone } from "../providers/simulated/phone.ts";
import { createSimulatedProvider } from "../providers/simulated/provider.ts";
import { realAdbMissing, startRealAdb } from "../providers/simulated/real-adb.ts";
import { systemSource as source } from "../source.ts";
import { openStore } from "../store/open.ts";
import { systemClock } from "../usage/clock.ts";
import { Screens } from "../media/screens.ts";
import { Tunnels } from "../relay/tunnels.ts";
import type { HubFiles } from "./hub-files.ts";
import { allHandlers } from "./catalog.ts";
import { CommandRunner } from "./runner.ts";

const logger = pino({ level: "silent" });
const apk = path.join(
  import.meta.dirname,
  "../../../node_modules/io.appium.settings/apks/settings_apk-debug.apk",
);
const app = "io.appium.settings";
const lease = {
  leaseId: source.id(),
  orderId: source.id(),
  userId: source.id(),
  token: 7,
  remainingMs: null,
};

interface Outcome {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** A host's agent without a hub: devices are wished for and commands handed in here, and outcomes are read from the outbox. */
class Host implements AsyncDisposable {
  readonly farm: SimFarm;
  /** What the agent fetched from and put to the hub; the package is the test's own. */
  readonly shots: Buffer[] = [];
  /** Of the commands that are handed in from now on. */
  token = lease.token;
  readonly #dir = mkdtempSync(path.join(os.tmpdir(), "operations-"));
  readonly #store = openStore(path.join(this.#dir, "agent.db"), { source, logger });
  readonly #adb = createAdb();
  readonly #fleet: Fleet;
  readonly #runner: CommandRunner;

  constructor(farm: SimFarm) {
    this.farm = farm;
    const clock = systemClock();
    const providers = new Map([["simulated", createSimulatedProvider(farm)]]);
    const deps = { store: this.#store, clock, source, logger };
    this.#fleet = new Fleet({
      ...{ ...deps, adb: this.#adb, providers, bootDeadlineMs: 20_000, strayGraceMs: 600_000 },
      isLinked: () => false,
    });
    const files: HubFiles = {
      fetch: () => Promise.resolve(apk),
      put: async (_path, body) => {
        this.shots.push(Buffer.isBuffer(body) ? body : await buffer(body));
      },
    };
    const tunnels = new Tunnels({ hubUrl: "http://127.0.0.1:1", logger, tokenOf: () => null });
    const screens = new Screens({
      onMeasured: () => undefined,
      openAdb: () => Promise.reject(new Error("no screens here")),
      serverFile: () => Promise.reject(new Error("no screens here")),
      hostAddresses: [],
      portRange: null,
      logger,
    });
    this.#runner = new CommandRunner({
      ...deps,
      fleet: this.#fleet,
      files,
      tunnels,
      screens,
      handlers: allHandlers,
    });
    this.#fleet.start();
  }

  /** A running phone under the test's lease. */
  async phone(properties: Record<string, string> = {}): Promise<string> {
    const deviceId = source.id();
    await this.wish(deviceId, 1, {
      spec: { ...samplePhone, properties: { "sim.bootDelayMs": "0", ...properties } },
    });
    await this.heard((event) => event.type === "device.started" && event.subject === deviceId);
    return deviceId;
  }

  wish(deviceId: string, revision: number, change: Partial<Desired>): Promise<void> {
    return this.#fleet.take({
      v: 1,
      deviceId,
      hostId: deviceId,
      name: "phone-1",
      revision,
      existence: "present",
      power: "running",
      spec: samplePhone,
      token: lease.token,
      lease,
      correlationId: deviceId,
      ...change,
    });
  }

  sim(deviceId: string): SimPhone {
    const phone = this.farm.find(deviceId);
    if (!phone) throw new Error("the phone is not there");
    return phone;
  }

  /** Hands a command in; resolves with its id once it is on disk. */
  async give<T extends CommandType>(
    deviceId: string,
    type: T,
    data: CommandData<T> | Record<string, unknown>,
  ): Promise<string> {
    const id = source.id();
    await this.#runner.take({
      v: 1,
      id,
      type,
      deviceId,
      token: this.token,
      ttlMs: commandCatalog[type].deadlineMs,
      correlationId: id,
      causationId: id,
      data,
    });
    return id;
  }

  outcome(commandId: string): Promise<Outcome> {
    return this.heard((event) => event.data.commandId === commandId);
  }

  async ask<T extends CommandType>(
    deviceId: string,
    type: T,
    data: CommandData<T> | Record<string, unknown>,
  ): Promise<Outcome> {
    return this.outcome(await this.give(deviceId, type, data));
  }

  /** The first such event in the outbox, once it is there. */
  heard(wanted: (event: Envelope) => boolean): Promise<Envelope> {
    const find = (): Envelope | undefined =>
      this.#store.outbox
        .readAfter(0, { maxRows: 10_000, maxBytes: 64 * 1024 ** 2 })
        .map((row) => JSON.parse(row.event) as Envelope)
        .find(wanted);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("no such event in 20 s")), 20_000);
      const look = (): void => {
        const event = find();
        if (!event) return;
        clearTimeout(late);
        following[Symbol.dispose]();
        resolve(event);
      };
      const following = this.#store.outbox.onAppended(look);
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner.stop();
    await this.#fleet.stop();
    await this.#adb.close();
    await this.#store.close();
    this.farm.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

const missing = realAdbMissing();
const frontEnds = [
  { name: "behind their own adb server", frontEnd: "server" as const, skip: false },
  {
    name: `behind a real adb server${missing ? `: ${missing}` : ""}`,
    frontEnd: "transport" as const,
    skip: missing !== null,
  },
];

describe.each(frontEnds)("operations of phones $name", ({ frontEnd, skip }) => {
  let host: Host;
  let end = (): Promise<void> => Promise.resolve();
  let id: string;

  beforeAll(async () => {
    if (skip) return;
    const real = frontEnd === "transport" ? await startRealAdb() : null;
    const adbServer = real
      ? { adbServer: { host: "127.0.0.1", port: real.port, bin: null } }
      : undefined;
    const farm = new SimFarm({ frontEnd, capacity: 50, dir: null, ...adbServer });
    await farm.start();
    host = new Host(farm);
    end = async () => {
      await host[Symbol.asyncDispose]();
      await real?.[Symbol.asyncDispose]();
    };
  });
  afterAll(() => end());
  beforeEach(async (context) => {
    context.skip(skip, missing ?? "");
    id = await host.phone();
  });

  it("an app is installed, listed with its versions, started, stopped, cleared and removed", async () => {
    const install = { packageName: app, sha256: "a".repeat(64), bytes: 1, path: "/blobs/a" };
    expect((await host.ask(id, "app.install", install)).type).toBe("app.install.completed");
    const listed = await host.ask(id, "app.list", { system: false });
    const version = host.sim(id).disk.packages.get(app);
    expect(listed.data.apps).toEqual([
      {
        packageName: app,
        versionName: version?.versionName,
        versionCode: version?.versionCode,
        system: false,
      },
    ]);
    const all = await host.ask(id, "app.list", { system: true });
    expect(all.data.apps).toContainEqual({
      packageName: "com.android.settings",
      versionName: "13",
      versionCode: 33,
      system: true,
    });
    const started = await host.ask(id, "app.start", { packageName: app });
    expect(started.data).toMatchObject({ activity: expect.stringMatching(`^${app}/`) as string });
    expect(host.sim(id).running.has(app)).toBe(true);
    host.sim(id).disk.files.set(`/data/data/${app}/x`, Buffer.from("x"));
    expect((await host.ask(id, "app.stop", { packageName: app })).type).toBe("app.stop.completed");
    expect(host.sim(id).running.has(app)).toBe(false);
    await host.ask(id, "app.clear", { packageName: app });
    expect(host.sim(id).disk.files.has(`/data/data/${app}/x`)).toBe(false);
    await host.ask(id, "app.uninstall", { packageName: app });
    expect((await host.ask(id, "app.list", { system: false })).data.apps).toEqual([]);
  });

  it("what is not installed is not started, stopped, cleared or removed, and the reason says so", async () => {
    for (const type of ["app.start", "app.stop", "app.clear", "app.uninstall"] as const)
      expect((await host.ask(id, type, { packageName: "no.such.app" })).data).toMatchObject({
        code: "not_found",
        reason: expect.stringContaining("no.such.app") as string,
      });
  });

  it("the screen is turned, resized and read", async () => {
    expect((await host.ask(id, "device.rotate", { rotation: 90 })).data).toMatchObject({
      rotation: 90,
      autoRotate: false,
    });
    await host.ask(id, "device.screenshot", { path: "/screenshots/1" });
    expect(PNG.sync.read(host.shots.at(-1) as Buffer)).toMatchObject({ width: 640, height: 360 });
    const small = { size: { width: 240, height: 320 }, dpi: 120 };
    expect((await host.ask(id, "device.resize", small)).data).toMatchObject({
      width: 240,
      height: 320,
      dpi: 120,
    });
    expect((await host.ask(id, "device.inspect", {})).data.screen).toEqual({
      width: 240,
      height: 320,
      dpi: 120,
      panelWidth: 360,
      panelHeight: 640,
      panelDpi: 160,
      fps: 60,
      rotation: 90,
      autoRotate: false,
    });
    await host.ask(id, "device.resize", { size: null, dpi: null });
    const back = await host.ask(id, "device.rotate", { rotation: "auto" });
    expect(back.data).toMatchObject({ autoRotate: true });
    await host.ask(id, "device.screenshot", { path: "/screenshots/2" });
    expect(PNG.sync.read(host.shots.at(-1) as Buffer)).toMatchObject({ width: 360, height: 640 });
  });

  it("a mock location is given and taken away", async () => {
    const location = { latitude: -33.8688197, longitude: 151.2092955, accuracyMeters: 5 };
    expect((await host.ask(id, "device.locate", { location })).data).toMatchObject({ location });
    expect(host.sim(id).location).toEqual({ latitude: -33.8688197, longitude: 151.2092955 });
    await host.ask(id, "device.locate", { location: null });
    expect(host.sim(id).location).toBeNull();
  });

  it("a locale holds from the next start on, a time zone and a proxy at once; all are read again", async () => {
    const set = await host.ask(id, "device.locale.set", { locale: "de-DE" });
    expect(set.data).toMatchObject({ locale: "de-DE", needsRestart: true });
    await host.ask(id, "device.timezone.set", { timeZone: "Europe/Berlin" });
    const proxy = { host: "proxy.example.com", port: 3128 };
    await host.ask(id, "device.proxy.set", { proxy });
    expect((await host.ask(id, "device.inspect", {})).data).toMatchObject({
      android: "13",
      sdk: 33,
      model: "SimPhone",
      locale: "en-US",
      timeZone: "Europe/Berlin",
      proxy,
    });
    expect((await host.ask(id, "device.restart", {})).type).toBe("device.restarted");
    await host.ask(id, "device.proxy.set", { proxy: null });
    expect((await host.ask(id, "device.inspect", {})).data).toMatchObject({
      locale: "de-DE",
      timeZone: "Europe/Berlin",
      proxy: null,
    });
    const again = await host.ask(id, "device.locale.set", { locale: "de-DE" });
    expect(again.data).toMatchObject({ needsRestart: false });
  });

  it("properties are read by their prefix and set as they are, quotes and all", async () => {
    const value = "a'b; reboot; $(reboot)";
    await host.ask(id, "device.setprop", { name: "debug.app.level", value });
    const read = await host.ask(id, "device.getprop", { prefix: "debug." });
    expect(read.data).toMatchObject({
      properties: { "debug.app.level": value },
      truncated: false,
    });
    expect(host.sim(id).on).toBe(true);
  });

  it.each([
    ["app.start", { packageName: "a.b; reboot" }],
    ["app.clear", { packageName: "-a.b" }],
    ["app.uninstall", { packageName: "a.b\nreboot" }],
    ["device.setprop", { name: "ctl.restart", value: "zygote" }],
    ["device.setprop", { name: "sys.powerctl", value: "reboot" }],
    ["device.setprop", { name: "debug.x", value: "y".repeat(92) }],
    ["device.getprop", { prefix: "$(reboot)" }],
    ["device.locale.set", { locale: "de_DE; reboot" }],
    ["device.timezone.set", { timeZone: "../../data" }],
    ["device.proxy.set", { proxy: { host: "user:pw@proxy", port: 1 } }],
    ["device.locate", { location: { latitude: 91, longitude: 0, accuracyMeters: 1 } }],
    ["device.rotate", { rotation: 45 }],
    ["device.resize", { size: { width: 1, height: 1e9 } }],
  ] as const)("%s with %j is refused with the reason and changes nothing", async (type, data) => {
    const before = JSON.stringify([...host.sim(id).disk.settings, ...host.sim(id).properties]);
    expect((await host.ask(id, type, data)).data).toMatchObject({
      code: "bad_input",
      reason: expect.stringMatching(/^The command can't be read: /) as string,
    });
    expect(JSON.stringify([...host.sim(id).disk.settings, ...host.sim(id).properties])).toBe(
      before,
    );
  });

  it("a command of another lease changes nothing", async () => {
    host.token = lease.token - 1;
    const stale = await host.give(id, "device.rotate", { rotation: 90 });
    host.token = lease.token;
    expect((await host.outcome(stale)).data).toMatchObject({ code: "stale_lease" });
    expect(host.sim(id).rotation).toBe(0);
  });

  it("a snapshot brings back what was on the phone, and goes when it is deleted", async () => {
    await host.ask(id, "device.setprop", { name: "persist.app.level", value: "1" });
    const snapshotId = source.id();
    expect((await host.ask(id, "snapshot.create", { snapshotId })).type).toBe(
      "snapshot.create.completed",
    );
    await host.ask(id, "device.setprop", { name: "persist.app.level", value: "2" });
    expect((await host.ask(id, "snapshot.restore", { snapshotId })).type).toBe(
      "snapshot.restore.completed",
    );
    const read = await host.ask(id, "device.getprop", { prefix: "persist.app" });
    expect(read.data.properties).toEqual({ "persist.app.level": "1" });
    await host.ask(id, "snapshot.delete", { snapshotId });
    expect((await host.ask(id, "snapshot.restore", { snapshotId })).data).toMatchObject({
      code: "not_found",
    });
    // The refused restore left the phone running all the same.
    expect((await host.ask(id, "device.inspect", {})).type).toBe("device.inspect.completed");
  });

  it("a snapshot is taken of a phone that is off, and leaves it off", async () => {
    await host.wish(id, 2, { power: "stopped" });
    await host.heard((event) => event.type === "device.stopped" && event.subject === id);
    const snapshotId = source.id();
    const taken = await host.ask(id, "snapshot.create", { snapshotId });
    expect(taken.type).toBe("snapshot.create.completed");
    expect(host.sim(id).on).toBe(false);
  });

  it("a screenshot does not wait for an install; what changes the phone does", async () => {
    const slow = await host.phone({ "sim.installDelayMs": "60000" });
    const data = { packageName: app, sha256: "a".repeat(64), bytes: 1, path: "/blobs/a" };
    const install = await host.give(slow, "app.install", data);
    const rotate = await host.give(slow, "device.rotate", { rotation: 90 });
    const shot = await host.ask(slow, "device.screenshot", { path: "/screenshots/3" });
    expect(shot.type).toBe("device.screenshot.taken");
    expect(host.sim(slow).rotation).toBe(0);
    host.farm.powerOff(slow);
    expect((await host.outcome(install)).type).toBe("app.install.failed");
    await host.outcome(rotate);
  });
});
