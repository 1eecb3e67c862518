import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { SimFarm } from "../providers/simulated/farm.ts";
import { type RealAdb, realAdbMissing, startRealAdb } from "../providers/simulated/real-adb.ts";
import type { Adb, AdbServer, AdbWatch } from "./adb.ts";
import { createAdb } from "./open.ts";
import { pauseBeforeStart } from "./starter.ts";

const missing = realAdbMissing();
const ids = [1, 2, 3].map((n) => `0190d6a0-0000-7000-8000-00000000af0${n}`);
const call = { timeoutMs: 10_000 };

/** Resolves when the watch shows it. */
async function until(watch: AdbWatch, shown: (watch: AdbWatch) => boolean): Promise<void> {
  const seen = Promise.withResolvers<void>();
  using _watching = watch.onChange(() => {
    if (shown(watch)) seen.resolve();
  });
  if (shown(watch)) return;
  await seen.promise;
}

describe.skipIf(missing)(`the watch of a real adb server${missing ? `: ${missing}` : ""}`, () => {
  let farm: SimFarm;
  let real: RealAdb;
  let adb: Adb;
  let server: AdbServer;
  let addresses: string[];

  beforeAll(async () => {
    real = await startRealAdb();
    server = { host: "127.0.0.1", port: real.port, bin: "adb" };
    farm = new SimFarm({ frontEnd: "transport", capacity: 3, dir: null, adbServer: server });
    await farm.start();
    for (const id of ids) {
      farm.create(id, { ...samplePhone, properties: { "sim.bootDelayMs": "10" } });
      await farm.powerOn(id);
    }
    addresses = ids.map((id) => farm.target(id)?.connect ?? "");
    adb = createAdb();
    adb.watch(server).keep(addresses);
  });
  afterAll(async () => {
    await adb?.close();
    farm?.stop();
    await real?.[Symbol.asyncDispose]();
  });

  const allUsable = ({ devices }: AdbWatch): boolean =>
    addresses.every((one) => devices?.some((d) => d.serial === one && d.state === "device"));

  it("connects to the addresses it is to keep", async () => {
    const watch = adb.watch(server);
    await until(watch, allUsable);
    expect(watch.devices?.[0]).toMatchObject({ model: "SimPhone", path: null });
    expect(addresses.map((one) => watch.problemOf(one))).toEqual([null, null, null]);
  });

  it("has all three phones back after the adb server was killed, and calls go on", async () => {
    const watch = adb.watch(server);
    await until(watch, allUsable);
    const target = farm.target(ids[0] ?? "");
    if (!target) throw new Error("the phone can't be reached");
    const opened = await adb.open(target);
    for (let round = 0; round < 2; round++) {
      const gone = until(watch, (now) => !allUsable(now));
      await real.kill();
      const killed = performance.now();
      // A call in the middle of it is served as well: it starts the server and connects, or finds that done.
      expect((await opened.shell(["echo", "on"], call)).output).toBe("on\n");
      await gone;
      await until(watch, allUsable);
      expect(performance.now() - killed).toBeLessThan(5000);
    }
  });

  it("sees a phone go and come back, and says why it is away", async () => {
    const watch = adb.watch(server);
    await until(watch, allUsable);
    const [first = ""] = addresses;
    farm.powerOff(ids[0] ?? "");
    await until(watch, (now) => !allUsable(now));
    await until(watch, (now) => now.problemOf(first) !== null);
    expect(watch.problemOf(first)).toMatch(/could not connect|did not/);
    await farm.powerOn(ids[0] ?? "");
    await until(watch, allUsable);
  });

  it("drops a connection and makes a new one", async () => {
    const target = farm.target(ids[1] ?? "");
    if (!target) throw new Error("the phone can't be reached");
    await adb.reconnect(target, { timeoutMs: 5000 });
    expect((await (await adb.open(target)).shell(["echo", "new"], call)).output).toBe("new\n");
  });
});

describe("an adb that keeps ending", () => {
  it("is started with growing pauses", () => {
    expect([0, 1, 2, 3, 4, 20].map(pauseBeforeStart)).toEqual([0, 0, 250, 500, 1000, 30_000]);
  });

  it("is started once for all who find it missing, and its failure is said in words", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "adb-broken-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const count = path.join(dir, "starts");
    const bin = path.join(dir, "adb");
    await writeFile(bin, `#!/bin/sh\necho x >>${count}\necho no such luck >&2\nexit 1\n`, {
      mode: 0o755,
    });
    const adb = createAdb();
    const server = { host: "127.0.0.1", port: 1, bin };
    const phone = await adb.open({ server, serial: "x", connect: null });
    const calls = Array.from({ length: 20 }, () => phone.shell(["true"], call));
    const answers = await Promise.allSettled(calls);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(answers[0]).toMatchObject({
      reason: { code: "unavailable", message: expect.stringContaining("could not be started") },
    });
    expect((await readFile(count, "utf8")).split("\n").length).toBeLessThanOrEqual(4);
  });

  it("is not started any more by a call that comes after the end", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "adb-late-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const started = path.join(dir, "started");
    const bin = path.join(dir, "adb");
    await writeFile(bin, `#!/bin/sh\necho x >${started}\nexit 1\n`, { mode: 0o755 });
    const adb = createAdb();
    const phone = await adb.open({
      server: { host: "127.0.0.1", port: 1, bin },
      serial: "x",
      connect: null,
    });
    await adb.close();
    await expect(phone.shell(["true"], call)).rejects.toMatchObject({ code: "unavailable" });
    await expect(readFile(started)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is named when it is not installed", async () => {
    const server = { host: "127.0.0.1", port: 1, bin: "/nonexistent/adb" };
    const phone = await createAdb().open({ server, serial: "x", connect: null });
    await expect(phone.shell(["true"], call)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("apt-get install adb"),
    });
  });
});
