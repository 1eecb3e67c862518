import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { pino } from "pino";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createAdb } from "../adb/open.ts";
import { SimFarm } from "../providers/simulated/farm.ts";
import type { SimPhone } from "../providers/simulated/phone.ts";
import { systemSource } from "../source.ts";
import { openStore, type OpenStore } from "../store/open.ts";
import { Recordings, type RecordingsOptions } from "./recordings.ts";
import { Screens } from "./screens.ts";
import { serverFileForTests, TestViewer } from "./testing.ts";

const logger = pino({ level: "silent" });
const token = 7;
let serverFile: string;

beforeAll(async () => {
  serverFile = await serverFileForTests();
}, 100_000);

interface Told {
  readonly type: string;
  readonly data: {
    readonly recordingId: string;
    readonly deviceId: string;
    readonly token?: number;
  };
}

interface Shelf {
  readonly dir: string;
  readonly told: () => Told[];
  open(options?: Partial<RecordingsOptions>): Recordings;
}

async function openShelf(): Promise<Shelf> {
  const root = await mkdtemp(path.join(tmpdir(), "cloudphone-recordings-"));
  const store: OpenStore = openStore(path.join(root, "agent.db"), { source: systemSource, logger });
  onTestFinished(async () => {
    await store.close();
    await rm(root, { recursive: true, force: true });
  });
  const dir = path.join(root, "recordings");
  return {
    dir,
    told: () =>
      store.outbox
        .readAfter(0, { maxRows: 1000, maxBytes: 1e7 })
        .map(({ event }) => JSON.parse(event) as Told),
    open: (options) => {
      const most = { daysOf: () => 7, mostBytes: 1e9, tokenOf: () => token, source: systemSource };
      const recordings = new Recordings({ dir, store, logger, ...most, ...options });
      onTestFinished(() => recordings.stop());
      return recordings;
    },
  };
}

async function openPhone(recordings: Recordings) {
  const farm = new SimFarm({ frontEnd: "server", capacity: 1, dir: null });
  await farm.start();
  const adb = createAdb();
  const deviceId = randomUUID();
  const phone: SimPhone = farm.create(deviceId, {
    ...samplePhone,
    properties: { "sim.bootDelayMs": "0" },
  });
  await farm.powerOn(deviceId);
  const openAdb = async () => {
    const target = farm.target(deviceId);
    if (!target) throw new Error("the phone can't be reached");
    return adb.open(target);
  };
  await (await openAdb()).waitBooted({ timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) });
  const screens = new Screens({
    openAdb,
    serverFile: () => Promise.resolve(serverFile),
    hostAddresses: [],
    portRange: null,
    onMeasured: () => undefined,
    recordings,
    logger,
  });
  onTestFinished(async () => {
    await screens.stop();
    await adb.close();
    farm.stop();
  });
  return { phone, screens, deviceId };
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { timeout: 30_000, interval: 20 }).toBe(true);

const nameOf = (startedMs: number, end = ""): string =>
  `${randomUUID()}_${randomUUID()}_${token}_${startedMs}${end}`;

describe("the films that a host keeps", { timeout: 60_000 }, () => {
  it("are of what people look at, in files of a bounded length, in the very pictures of the phone", async () => {
    const shelf = await openShelf();
    const recordings = shelf.open({ longestMs: 200 });
    const { phone, screens, deviceId } = await openPhone(recordings);
    const viewer = new TestViewer({ screens, deviceId });
    viewer.send({ type: "hello", v: 1, sound: false });
    viewer.send({ type: "relay", on: true });
    await viewer.until(() => viewer.keys > 0);
    phone.show({ kind: "motion" });
    await until(() => shelf.told().length >= 2);
    await screens.stop();
    const [first] = shelf.told();
    expect(first).toMatchObject({ type: "recording.finished", data: { deviceId, token } });
    const kept = await recordings.open(first?.data.recordingId ?? "");
    const film = await buffer(kept.stream);
    expect(film).toHaveLength(kept.bytes);
    const input = new Input({ source: new BufferSource(film), formats: ALL_FORMATS });
    const video = await input.getPrimaryVideoTrack();
    expect([video?.codec, video?.codedWidth, video?.codedHeight]).toEqual(["avc", 360, 640]);
    const key = video && (await new EncodedPacketSink(video).getFirstPacket());
    expect(key?.type).toBe("key");
    expect((await input.getPrimaryAudioTrack())?.codec).toBe("opus");
    expect((await readdir(shelf.dir)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("are deleted when they are too old, or more than there is room for, and it is told", async () => {
    const shelf = await openShelf();
    const recordings = shelf.open({ daysOf: () => 1, mostBytes: 250 });
    const nowMs = systemSource.now();
    const names = [nowMs - 2 * 86_400_000, nowMs - 3000, nowMs - 2000, nowMs - 1000].map((atMs) =>
      nameOf(atMs, ".mp4"),
    );
    for (const name of names) await writeFile(path.join(shelf.dir, name), Buffer.alloc(100));
    recordings.sweep();
    await until(() => shelf.told().length >= 2);
    await recordings.stop();
    expect(await readdir(shelf.dir)).toEqual(names.slice(2).toSorted());
    const deleted = names.slice(0, 2).map((name) => name.split("_")[0]);
    expect(shelf.told()).toMatchObject([
      { type: "recording.deleted", data: { recordingId: deleted[0], reason: "age" } },
      { type: "recording.deleted", data: { recordingId: deleted[1], reason: "room" } },
    ]);
    await expect(recordings.open(deleted[1] ?? "")).rejects.toMatchObject({ code: "not_found" });
  });

  it("are kept as long as was wished when they were made, whatever is wished now", async () => {
    const shelf = await openShelf();
    const recordings = shelf.open({ daysOf: () => 0 });
    const startedMs = systemSource.now() - 2 * 86_400_000;
    const names = ["_1.mp4", "_3.mp4"].map((end) => nameOf(startedMs, end));
    for (const name of names) await writeFile(path.join(shelf.dir, name), Buffer.alloc(100));
    recordings.sweep();
    await recordings.stop();
    expect(await readdir(shelf.dir)).toEqual(names.slice(1));
  });

  it("are made from when it is wished until it is not, and whoever looks is told before and after", async () => {
    let days = 0;
    const shelf = await openShelf();
    const { screens, deviceId } = await openPhone(shelf.open({ daysOf: () => days }));
    const viewer = new TestViewer({ screens, deviceId });
    const filmed = (): boolean[] => viewer.of("filmed").map(({ on }) => on);
    viewer.send({ type: "hello", v: 1, sound: false });
    viewer.send({ type: "relay", on: true });
    await viewer.until(() => viewer.keys > 0);
    expect(filmed()).toEqual([false]);
    expect(await readdir(shelf.dir)).toEqual([]);
    days = 2;
    screens.heedPolicy(deviceId);
    await viewer.until(() => filmed().length === 2);
    await expect.poll(() => readdir(shelf.dir), { timeout: 30_000 }).toHaveLength(1);
    days = 0;
    screens.heedPolicy(deviceId);
    await until(() => shelf.told().length > 0);
    expect(filmed()).toEqual([false, true, false]);
    await screens.stop();
    expect(shelf.told()).toMatchObject([{ type: "recording.finished", data: { deviceId, token } }]);
    expect(await readdir(shelf.dir)).toEqual([expect.stringMatching(/_2\.mp4$/) as string]);
  });

  it("are finished at the next start when their agent was killed", async () => {
    const shelf = await openShelf();
    const recordings = shelf.open();
    const name = nameOf(systemSource.now() - 5000, "_7.mp4.part");
    await writeFile(path.join(shelf.dir, name), Buffer.alloc(100));
    recordings.start();
    await until(() => shelf.told().length > 0);
    await recordings.stop();
    expect(shelf.told()).toMatchObject([{ type: "recording.finished", data: { bytes: 100 } }]);
    expect(await readdir(shelf.dir)).toEqual([name.replace(".part", "")]);
  });
});
