import { execFile } from "node:child_process";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { realApk } from "@cloudphone/testing/apk";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Screens } from "../../media/screens.ts";
import { serverFileForTests, TestViewer } from "../../media/testing.ts";
import { containerName, volumeName } from "./create-options.ts";
import { dockerMissing, images } from "./testing/dockerd.ts";
import { ScrcpyStandIn } from "./testing/scrcpy-stand-in.ts";
import { containerSpec, leased, TestHost } from "./testing/test-host.ts";

const missing = dockerMissing();
const run = promisify(execFile);
const call = { timeoutMs: 20_000 };
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function listenOn(port: number): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

describe.skipIf(missing !== null)(
  `a host of phones in containers${missing ? `: ${missing}` : ""}`,
  () => {
    let host: TestHost;
    beforeAll(async () => {
      host = await TestHost.start();
    });
    afterAll(async () => {
      await host?.[Symbol.asyncDispose]();
    });

    const failure = (
      deviceId: string,
      why: RegExp,
    ): ReturnType<typeof host.next<"device.state.changed">> =>
      host.next(deviceId, "device.state.changed", {
        where: ({ data }) => data.state === "failed" && why.test(data.reason ?? ""),
      });

    const wholeLife = async (): Promise<void> => {
      const deviceId = await host.running();
      const device = await host.fleet.find(deviceId)?.openAdb();
      if (!device) throw new Error("nobody looks after the phone");
      await device.install(realApk, call);
      expect(await device.packages(call)).toContain("io.appium.settings");
      expect(await device.shell(["sh", "-c", "exit 7"], call)).toMatchObject({ exitCode: 7 });
      const sent = randomBytes(5_000_000);
      await device.push({ from: Readable.from([sent]), to: "/sdcard/file" }, call);
      const back = new PassThrough();
      const received = buffer(back);
      await device.pull({ from: "/sdcard/file", to: back }, call);
      expect(sha256(await received)).toBe(sha256(sent));
      await device.close();

      await host.want(deviceId, { power: "stopped" });
      await host.next(deviceId, "device.stopped");
      await host.want(deviceId, { lease: null });
      await host.next(deviceId, "device.wiped");
      await host.want(deviceId, { existence: "absent" });
      await host.next(deviceId, "device.destroyed");
    };

    it("leads ten phones at once through their whole lives, and leaves nothing of them", async () => {
      await Promise.all(Array.from({ length: 10 }, wholeLife));
      expect(await host.docker.docker("ps", "-aq")).toBe("");
      expect(await host.docker.docker("volume", "ls", "-q")).toBe("");
    });

    /** The run that was open ended by itself; what is billed is what was measured from outside, to the second. */
    const expectCrash = async (deviceId: string, endedAtMs: number, why: RegExp): Promise<void> => {
      const { data } = await host.next(deviceId, "device.stopped", { deadlineMs: 5000 });
      expect(data.reason).toBe("crashed");
      const ranMs = endedAtMs - Date.parse(data.startedAt);
      expect(Math.abs(data.durationMs - ranMs)).toBeLessThan(1000);
      await host.next(deviceId, "device.state.changed", {
        where: (event) => why.test(event.data.reason ?? ""),
      });
      await host.next(deviceId, "device.started", { deadlineMs: 10_000 });
    };

    it("brings a killed phone back, and bills it until the moment it was killed", async () => {
      const deviceId = await host.running();
      await host.docker.docker("kill", containerName(deviceId));
      await expectCrash(deviceId, Date.now(), /was killed/);
    });

    it("wakes a paused phone, tells that it was paused, and bills it until then", async () => {
      const deviceId = await host.running();
      await host.docker.docker("pause", containerName(deviceId));
      await expectCrash(deviceId, Date.now(), /paused/);
    });

    it("tells that a phone ran out of memory, and how much it may use", async () => {
      const deviceId = await host.running({ spec: { ...containerSpec, image: images.eats } });
      const ended = host.docker.docker("wait", containerName(deviceId)).then(() => Date.now());
      await host.docker.docker("exec", containerName(deviceId), "touch", "/dev/eat");
      await expectCrash(deviceId, await ended, /ran out of memory: it may use 128 MiB/);
    });

    it("moves a phone to another port when somebody has taken its own", async () => {
      const deviceId = await host.running();
      const before = await host.published(deviceId);
      await host.want(deviceId, { power: "stopped" });
      await host.next(deviceId, "device.stopped");
      await host.next(deviceId, "device.state.changed", {
        where: ({ data }) => data.state === "stopped",
      });
      await using _squatter = await listenOn(before);
      await host.want(deviceId, { power: "running" });
      await host.next(deviceId, "device.started");
      expect(await host.published(deviceId)).not.toBe(before);
    });

    it("says which image is not there, and goes on as soon as it is", async () => {
      const deviceId = randomUUID();
      await host.want(deviceId, { spec: { ...containerSpec, image: images.late } });
      await failure(deviceId, /phones\.test\/android:14 is not on this host/);
      await host.docker.load(images.late);
      await host.next(deviceId, "device.started");
    });

    it("refuses an image that the operator does not allow, without making anything", async () => {
      const deviceId = randomUUID();
      await host.want(deviceId, { spec: { ...containerSpec, image: "evil.example/phone:1" } });
      await failure(deviceId, /not one that this host may run/);
      expect(await host.docker.docker("volume", "ls", "-q")).not.toContain(volumeName(deviceId));
      await host.want(deviceId, { existence: "absent" });
      await host.next(deviceId, "device.destroyed");
    });

    it("tells with a phone that ends in its boot what it last said, and tries again with pauses", async () => {
      const deviceId = randomUUID();
      await host.want(deviceId, { spec: { ...containerSpec, image: images.dies } });
      const { data } = await failure(deviceId, /binder device cannot be opened/);
      expect(data.reason).toMatch(/signal 1\)|exit code 129|init gave up/);
      await failure(deviceId, /binder/);
      await host.want(deviceId, { power: "stopped" });
      await host.next(deviceId, "device.state.changed", {
        where: (event) => event.data.state === "stopped",
      });
      await host.want(deviceId, { existence: "absent" });
      await host.next(deviceId, "device.destroyed");
    });

    it("stops a phone that is still booting as soon as nobody wants it", async () => {
      const deviceId = randomUUID();
      await host.want(deviceId, { spec: { ...containerSpec, image: images.neverBoots } });
      await host.next(deviceId, "device.state.changed", {
        where: ({ data }) => data.state === "starting",
      });
      await host.want(deviceId, { existence: "absent" });
      await host.next(deviceId, "device.destroyed", { deadlineMs: 5000 });
    });

    it("has its phones running again soon after dockerd was killed, and bills no second twice", async () => {
      const deviceId = await host.running();
      await host.docker.end("SIGKILL");
      await host.docker.launch();
      const seen = await host.settled(deviceId, { deadlineMs: 10_000 });
      expect(seen.state).toBe("running");
      await host.want(deviceId, { power: "stopped" });
      const ended = await host.next(deviceId, "device.stopped", {
        where: ({ data }) => data.reason === "requested",
      });
      const stopped = [
        ended,
        ...host.events(deviceId).filter(({ type }) => type === "device.stopped"),
      ];
      const billedMs = stopped.reduce(
        (sum, { data }) => sum + (data as { durationMs: number }).durationMs,
        0,
      );
      expect(billedMs).toBeLessThanOrEqual(Date.now() - host.startedAt(deviceId));
    });

    it("has its phones running again soon after dockerd was restarted", async () => {
      const deviceId = await host.running();
      await host.docker.end("SIGTERM");
      await host.docker.launch();
      await host.next(deviceId, "device.stopped", { deadlineMs: 10_000 });
      await host.next(deviceId, "device.started", { deadlineMs: 10_000 });
    });

    it("streams a phone's screen through its adbd, and takes a tap on it", async () => {
      const serverFile = await serverFileForTests();
      const deviceId = await host.running();
      const pid = await host.docker.docker(
        ...["inspect", "-f", "{{.State.Pid}}", containerName(deviceId)],
      );
      await using standIn = await ScrcpyStandIn.start(Number(pid));
      const screens = new Screens({
        openAdb: async (id) =>
          (await host.fleet.find(id)?.openAdb()) ?? Promise.reject(new Error("no such phone")),
        serverFile: () => Promise.resolve(serverFile),
        hostAddresses: [],
        portRange: null,
        onMeasured: () => undefined,
        logger: pino({ level: "silent" }),
      });
      onTestFinished(() => screens.stop());
      const viewer = new TestViewer({ screens, deviceId });
      viewer.send({ type: "hello", v: 1, sound: false });
      viewer.send({ type: "relay", on: true });
      await viewer.until(() => viewer.keys > 0);
      const before = viewer.pictures;
      const touch = { type: "touch", finger: 0, x: 45 / 360, y: 560 / 640, pressure: 1 } as const;
      for (const action of ["down", "up"] as const) viewer.input({ ...touch, action });
      await standIn.shows("app");
      await viewer.until(() => viewer.pictures > before);
    });

    it("reaches its phones again after the adb server was killed", async () => {
      const deviceId = await host.running();
      await host.adbServer.kill();
      const said = await host.eventually(async () => {
        const device = await host.fleet.find(deviceId)?.openAdb();
        return device?.shell(["echo", "here"], call) ?? null;
      }, 5000);
      expect(said).toMatchObject({ output: "here\n" });
    });

    it("goes on with the run of a phone over a restart of the agent", async () => {
      const deviceId = await host.running();
      await host.restart();
      const device = await host.fleet.find(deviceId)?.openAdb();
      expect(await device?.shell(["echo", "here"], call)).toMatchObject({ exitCode: 0 });
      await device?.close();
      expect(host.events(deviceId).filter(({ type }) => type === "device.stopped")).toEqual([]);
    });

    it("adopts its phones on an empty disk, and wipes what a forgotten lease left on them", async () => {
      const deviceId = await host.running();
      const device = await host.fleet.find(deviceId)?.openAdb();
      await device?.shell(["touch", "/sdcard/trace"], call);
      await device?.close();
      await host.restart({ forget: true });
      await host.want(deviceId, {
        name: "phone",
        spec: containerSpec,
        token: 1,
        lease: null,
        power: "running",
      });
      expect((await host.next(deviceId, "device.wiped")).data).toEqual({ deviceId, token: 1 });
      await host.next(deviceId, "device.started");
      const clean = await host.fleet.find(deviceId)?.openAdb();
      expect((await clean?.shell(["ls", "/sdcard/trace"], call))?.exitCode).not.toBe(0);
      await clean?.close();
      expect(
        await host.docker.docker("ps", "-aq", "-f", `name=${containerName(deviceId)}`),
      ).toMatch(/^\w+$/);
    });
  },
);

describe.skipIf(missing !== null)("a host whose Docker has little room", () => {
  it("says that the disk is full, and goes on when there is room", async () => {
    await using host = await TestHost.start({ diskMiB: 120 });
    await host.running();
    const filler = path.join(host.docker.dir, "data", "filler");
    await run("sh", ["-c", `dd if=/dev/zero of=${filler} bs=64k 2>/dev/null || true`]);
    const deviceId = randomUUID();
    await host.want(deviceId, leased(1));
    await host.next(deviceId, "device.state.changed", {
      where: ({ data }) => /disk .* is full/.test(data.reason ?? ""),
    });
    await rm(filler);
    await host.next(deviceId, "device.started");
  });
});

describe.skipIf(missing !== null)("a host whose phones are all off", () => {
  it("makes its network anew when somebody has cleared it away", async () => {
    await using host = await TestHost.start();
    const deviceId = await host.running();
    await host.want(deviceId, { power: "stopped" });
    await host.next(deviceId, "device.stopped");
    await host.next(deviceId, "device.state.changed", {
      where: ({ data }) => data.state === "stopped",
    });
    await host.docker.docker("network", "rm", host.config.network);
    await host.want(deviceId, { power: "running" });
    await host.next(deviceId, "device.started");
    const options = '{{index .Options "com.docker.network.bridge.enable_icc"}}';
    expect(await host.docker.docker("network", "inspect", "-f", options, host.config.network)).toBe(
      "false",
    );
  });
});

describe.skipIf(missing !== null)("phones that nobody knows", () => {
  it("are left alone for the grace period, then removed with all they held", async () => {
    await using host = await TestHost.start({ strayGraceMs: 1000 });
    const known = await host.running();
    const options = { signal: AbortSignal.timeout(10_000) };
    const deviceId = randomUUID();
    await host.provider.create({ deviceId, name: "stray", spec: containerSpec }, options);
    await host.gone(deviceId);
    expect(await host.docker.docker("volume", "ls", "-q")).toBe(volumeName(known));
    expect(host.state(known)?.state).toBe("running");
  });

  it("go at once when the hub says that they should not be there", async () => {
    await using host = await TestHost.start();
    const options = { signal: AbortSignal.timeout(10_000) };
    const deviceId = randomUUID();
    await host.provider.create({ deviceId, name: "stray", spec: containerSpec }, options);
    await host.want(deviceId, { existence: "absent" });
    await host.gone(deviceId);
  });
});
