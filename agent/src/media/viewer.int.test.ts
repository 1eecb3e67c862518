import { randomUUID } from "node:crypto";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { dataChannels } from "@cloudphone/shared/live";
import { pino } from "pino";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type RTCDataChannel, RTCPeerConnection, RTCRtpCodecParameters, useH264 } from "werift";
import { createAdb } from "../adb/open.ts";
import { SimFarm } from "../providers/simulated/farm.ts";
import type { SimPhone } from "../providers/simulated/phone.ts";
import { type MeasuredSession, Screens } from "./screens.ts";
import { serverFileForTests, TestViewer } from "./testing.ts";

const logger = pino({ level: "silent" });
let serverFile: string;

beforeAll(async () => {
  serverFile = await serverFileForTests();
}, 100_000);

interface World {
  readonly phone: SimPhone;
  readonly screens: Screens;
  readonly deviceId: string;
  readonly measured: MeasuredSession[];
}

async function openWorld(): Promise<World> {
  const farm = new SimFarm({ frontEnd: "server", capacity: 1, dir: null });
  await farm.start();
  const adb = createAdb();
  const deviceId = randomUUID();
  const phone = farm.create(deviceId, { ...samplePhone, properties: { "sim.bootDelayMs": "0" } });
  await farm.powerOn(deviceId);
  const openAdb = async () => {
    const target = farm.target(deviceId);
    if (!target) throw new Error("the phone can't be reached");
    return adb.open(target);
  };
  await (await openAdb()).waitBooted({ timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) });
  const measured: MeasuredSession[] = [];
  const screens = new Screens({
    onMeasured: (one) => measured.push(one),
    openAdb,
    serverFile: () => Promise.resolve(serverFile),
    hostAddresses: ["127.0.0.1"],
    portRange: null,
    logger,
  });
  onTestFinished(async () => {
    await screens.stop();
    await adb.close();
    farm.stop();
  });
  return { phone, screens, deviceId, measured };
}

interface Connection {
  readonly pc: RTCPeerConnection;
  readonly input: RTCDataChannel;
  packets: number;
  sounds: number;
}

/** A browser's part of WebRTC, played by the same library in the viewer's role. */
async function connect(viewer: TestViewer): Promise<Connection> {
  const opus = new RTCRtpCodecParameters({
    mimeType: "audio/opus",
    clockRate: 48_000,
    channels: 2,
  });
  const pc = new RTCPeerConnection({
    codecs: { video: [useH264()], audio: [opus] },
    bundlePolicy: "max-bundle",
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });
  onTestFinished(() => pc.close());
  const connection: Connection = {
    pc,
    input: pc.createDataChannel(dataChannels.input),
    packets: 0,
    sounds: 0,
  };
  pc.addTransceiver("video", { direction: "recvonly" }).onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe(() => connection.packets++),
  );
  pc.addTransceiver("audio", { direction: "recvonly" }).onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe(() => connection.sounds++),
  );
  viewer.onCandidate = (candidate) => {
    if (candidate) void pc.addIceCandidate({ ...candidate, sdpMid: candidate.sdpMid ?? "0" });
  };
  await pc.setLocalDescription(await pc.createOffer());
  viewer.send({ type: "offer", sdp: pc.localDescription?.sdp ?? "" });
  await until(() => viewer.of("answer").length > 0);
  await pc.setRemoteDescription({ type: "answer", sdp: viewer.of("answer").at(-1)?.sdp ?? "" });
  await until(() => pc.connectionState === "connected");
  return connection;
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { timeout: 15_000, interval: 10 }).toBe(true);

describe("a viewer of a screen", { timeout: 40_000 }, () => {
  it("gets pictures and sound by WebRTC, and its input reaches the phone", async () => {
    const world = await openWorld();
    const viewer = new TestViewer(world);
    viewer.send({ type: "hello", v: 1, sound: true });
    const connection = await connect(viewer);
    await until(() => connection.packets > 5 && connection.sounds > 5);
    const touch = { type: "touch", finger: 0, x: 45 / 360, y: 560 / 640, pressure: 1 } as const;
    await until(() => connection.input.readyState === "open");
    for (const action of ["down", "up"] as const)
      connection.input.send(JSON.stringify({ ...touch, action }));
    await until(() => world.phone.screen.kind === "app");
    connection.input.send(JSON.stringify({ type: "text", text: "你好 abc" }));
    await until(() => world.phone.screen.kind === "app" && world.phone.screen.text === "你好 abc");
  });

  it("gets the same pictures by the relay when it asks for them there, from a key frame on", async () => {
    const world = await openWorld();
    const viewer = new TestViewer(world);
    viewer.send({ type: "hello", v: 1, sound: false });
    viewer.send({ type: "relay", on: true });
    await until(() => viewer.keys > 0);
    viewer.input({ type: "press", button: "rotate" });
    await until(() => viewer.of("size").some(({ width }) => width === 640));
  });

  it("is not shown the past as often as it asks for it, but in the end what there is", async () => {
    const world = await openWorld();
    const viewer = new TestViewer(world);
    viewer.send({ type: "hello", v: 1, sound: false });
    viewer.send({ type: "relay", on: true });
    await until(() => viewer.keys > 0);
    const [keys, told] = [viewer.keys, viewer.of("control").length];
    for (let n = 0; n < 2000; n++) viewer.send({ type: "key-frame" });
    // Messages are taken in order: once this one is answered, all have been.
    viewer.send({ type: "control", take: true });
    await until(() => viewer.of("control").length > told && viewer.keys > keys);
    expect(viewer.keys - keys).toBeLessThan(200);
  });

  it("hears nothing of what it is shown by a link, whatever it asks for", async () => {
    const world = await openWorld();
    const [visitor, other] = [new TestViewer(world, { sound: false }), new TestViewer(world)];
    for (const viewer of [visitor, other]) {
      viewer.send({ type: "hello", v: 1, sound: true });
      viewer.send({ type: "relay", on: true });
    }
    await until(() => visitor.keys > 0 && other.sounds > 5);
    expect(visitor.sounds).toBe(0);
  });

  it("shares one encoder with others, sees a still screen at once, and only one has control", async () => {
    const world = await openWorld();
    const first = new TestViewer(world);
    first.send({ type: "hello", v: 1, sound: false });
    first.send({ type: "relay", on: true });
    await until(() => first.keys > 0);
    const second = new TestViewer(world);
    second.send({ type: "hello", v: 1, sound: false });
    second.send({ type: "relay", on: true });
    await until(() => second.keys > 0);
    const looking = new TestViewer(world, { viewOnly: true });
    looking.send({ type: "hello", v: 1, sound: false });
    looking.send({ type: "control", take: true });
    second.input({ type: "press", button: "power" });
    second.send({ type: "control", take: true });
    await until(() => second.of("control").at(-1)?.mine === true);
    expect(world.phone.awake).toBe(true);
    expect(first.of("control").at(-1)).toEqual({
      type: "control",
      mine: false,
      allowed: true,
      viewers: 3,
    });
    expect(looking.of("control").at(-1)).toMatchObject({ mine: false, allowed: false });
    second.input({ type: "clipboard", text: "a password", paste: false });
    await until(() => first.of("clipboard").length > 0);
    looking.send({ type: "clipboard", text: null });
    await until(() => looking.of("trouble").some(({ code }) => code === "forbidden"));
    expect(looking.of("clipboard")).toEqual([]);
    second.input({ type: "press", button: "power" });
    await until(() => !world.phone.awake);
    const starts = world.phone.log.lines.filter((line) => line.includes("scrcpy: Device"));
    expect(starts).toHaveLength(1);
  });

  it("goes on seeing while the hub is away, and not a moment beyond its lease", async () => {
    const world = await openWorld();
    const [direct, leased] = [new TestViewer(world), new TestViewer(world)];
    for (const viewer of [direct, leased]) viewer.send({ type: "hello", v: 1, sound: false });
    const connections = [await connect(direct), await connect(leased)];
    direct.cut("hub_stopping");
    leased.cut("lease_over");
    await leased.done;
    world.phone.show({ kind: "motion" });
    const twentyMore = async (): Promise<void> => {
      const before = connections[0]?.packets ?? 0;
      await until(() => (connections[0]?.packets ?? 0) > before + 20);
    };
    // What was under way at the end has come by then.
    await twentyMore();
    const over = connections[1]?.packets;
    await twentyMore();
    expect(connections[1]?.packets).toBe(over);
  });

  it.each([
    ["no JSON", Buffer.from("{")],
    ["an unknown message", Buffer.from('{"type":"explode"}')],
    ["a wish that is none", Buffer.from('{"type":"control","take":"please"}')],
    ["far too much", Buffer.alloc(100_000, 32)],
  ])("is told what was wrong when it sends %s, and the others see on", async (_, body) => {
    const world = await openWorld();
    const good = new TestViewer(world);
    good.send({ type: "hello", v: 1, sound: false });
    good.send({ type: "relay", on: true });
    const bad = new TestViewer(world);
    bad.raw(body);
    await bad.done;
    await until(() => bad.of("trouble").length > 0);
    expect(bad.of("trouble")).toMatchObject([{ code: "bad_input", again: false }]);
    await until(() => good.pictures > 0);
  });

  it("is told of at its end with what it last said of how it went, and not when it said nothing", async () => {
    const world = await openWorld();
    const [silent, said] = [new TestViewer(world), new TestViewer(world)];
    const quality = {
      path: "direct",
      firstFrameMs: 300,
      framesDecoded: 20,
      framesDropped: 0,
      freezes: 0,
      rttMs: null,
      delayMs: null,
    } as const;
    for (const framesDecoded of [1, 20])
      said.send({ type: "quality", quality: { ...quality, framesDecoded } });
    silent.send({ type: "hello", v: 1, sound: false });
    said.send({ type: "hello", v: 1, sound: false });
    await until(() => said.of("control").length > 0 && silent.of("control").length > 0);
    for (const viewer of [silent, said]) viewer.cut("closed");
    await Promise.all([silent.done, said.done]);
    const { deviceId, measured } = world;
    expect(measured).toEqual([{ sessionId: said.sessionId, deviceId, quality }]);
  });

  it("is heard on after ten thousand inputs and as many candidates at once, of which most are left out", async () => {
    const world = await openWorld();
    const viewer = new TestViewer(world);
    viewer.send({ type: "hello", v: 1, sound: false });
    viewer.send({ type: "relay", on: true });
    await until(() => viewer.pictures > 0 && viewer.of("size").length > 0);
    viewer.input({ type: "touch", finger: 0, action: "down", x: 1e9, y: -1e9, pressure: 1 });
    viewer.input({ type: "key", action: "down", keycode: 100_000, meta: 0 });
    viewer.raw(Buffer.from('{"type":"input","input":{"type":"touch"}}'));
    const candidate = "candidate:1 1 udp 2113937151 192.0.2.7 9 typ host";
    for (let n = 0; n < 10_000; n++) {
      viewer.send({ type: "candidate", candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0 } });
      viewer.input({ type: "touch", finger: 0, action: "move", x: -1, y: 2, pressure: 1 });
    }
    // What is left out is left out for a second.
    await expect
      .poll(
        () => {
          viewer.input({ type: "clipboard", text: "after it", paste: false });
          return world.phone.clipboard;
        },
        { timeout: 30_000, interval: 300 },
      )
      .toBe("after it");
    expect(viewer.of("trouble")).toEqual([]);
  });

  it("keeps its session when its offer is rubbish", async () => {
    const world = await openWorld();
    const viewer = new TestViewer(world);
    viewer.send({ type: "hello", v: 1, sound: false });
    viewer.send({ type: "offer", sdp: "v=0\r\nrubbish" });
    await until(() => viewer.of("trouble").length > 0);
    viewer.send({
      type: "candidate",
      candidate: { candidate: "rubbish", sdpMid: "0", sdpMLineIndex: 0 },
    });
    const connection = await connect(viewer);
    await until(() => connection.packets > 0);
  });
});
