import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { ByteReader } from "@cloudphone/agent/byte-reader";
import { AccessUnits } from "@cloudphone/agent/media/access-units";
import { Peer } from "@cloudphone/agent/media/peer";
import { Picture } from "@cloudphone/agent/media/screen";
import { readPacket } from "@cloudphone/agent/media/scrcpy/streams";
import { quantile } from "../report.ts";
import { readdirSync } from "node:fs";
import {
  type FloodWay,
  type FromSender,
  type Held,
  rivalViewer,
  type Signal,
  type ToSender,
} from "./messages.ts";
import { Rival } from "./rival.ts";
import { nowUs } from "./phones.ts";

/** The agent's part of a live screen in a process of its own, so that its processor time is its own: phone `n` is shown to viewer `n`. */

const peers = new Map<number, Peer>();
let rival: Rival | null = null;
let added: number[] = [];
let done: number[] = [];
let packets = 0;
let since = { cpu: process.cpuUsage(), atMs: performance.now() };

const say = (message: FromSender | Signal): void => void process.send?.(message);

async function serve(socket: Socket): Promise<void> {
  let readMs = 0;
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null) => {
    readMs = performance.now();
    return push(chunk);
  };
  const reader = new ByteReader(socket);
  const number = (await reader.exactly(4))?.readUInt32BE() ?? -1;
  const units = new AccessUnits();
  for (;;) {
    const packet = await readPacket(reader);
    if (!packet) return;
    const unit = units.next(packet);
    const peer = peers.get(number);
    if (!unit || !peer) continue;
    const picture = new Picture(unit, performance.now());
    peer.sendPicture(picture.payloads, picture.atMs);
    packets += picture.payloads.length;
    const lastByteMs = readMs;
    // A datagram may wait for the end of this turn (dgram looks its address up); by then all have been handed to the kernel.
    process.nextTick(() => {
      added.push(performance.now() - lastByteMs);
      done.push((nowUs() - packet.ptsUs) / 1000);
    });
  }
}

function offerRival(sdp: string): void {
  const viewer = rivalViewer;
  rival = new Rival({
    onAnswer: (answer) => say({ type: "answer", viewer, sdp: answer }),
    onCandidate: (candidate) => say({ type: "candidate", viewer, candidate }),
    onOpen: () => say({ type: "connected", viewer }),
  });
  rival.accept(sdp);
}

function offer(viewer: number, sdp: string): void {
  if (viewer === rivalViewer) return offerRival(sdp);
  const peer = new Peer({
    iceServers: [],
    relayOnly: false,
    hostAddresses: ["127.0.0.1"],
    portRange: null,
    events: {
      onCandidate: (candidate) => say({ type: "candidate", viewer, candidate }),
      onState: (state) => state === "connected" && say({ type: "connected", viewer }),
      onMessage: () => undefined,
      onKeyFrameWanted: () => undefined,
      onReport: () => undefined,
    },
  });
  peers.set(viewer, peer);
  void peer.accept(sdp).then((answer) => say({ type: "answer", viewer, sdp: answer }));
}

/** All since the window before: one that is asked for late, by a process that has more than it can do, is a longer one. */
function windowOf(): void {
  const { user, system } = process.cpuUsage(since.cpu);
  const wallUs = (performance.now() - since.atMs) * 1000;
  const of = (values: number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
  say({
    type: "window",
    ms: wallUs / 1000,
    pictures: done.length,
    packets,
    core: (user + system) / wallUs,
    added: of(added),
    done: of(done),
  });
  added = [];
  done = [];
  packets = 0;
  since = { cpu: process.cpuUsage(), atMs: performance.now() };
}

const floodMs = 1000;
const payload = randomBytes(1180);

/** Packets of one size as fast as they go for a second, counted by the processor time they take; the loop gets its turn after each 150, as it must in an agent. */
async function flood(way: FloodWay, port: number): Promise<void> {
  const socket = createSocket("udp4");
  const key = createSecretKey(randomBytes(16));
  const header = randomBytes(12);
  const bare = Buffer.concat([header, payload, randomBytes(16)]);
  const picture = Array.from({ length: 15 }, (_, n) => ({ payload, marker: n === 14 }));
  const ways: Record<FloodWay, () => void> = {
    dgram: () => {
      for (let n = 0; n < 15; n++) socket.send(bare, port, "127.0.0.1");
    },
    encrypted: () => {
      for (let n = 0; n < 15; n++) {
        const cipher = createCipheriv("aes-128-gcm", key, header);
        cipher.setAAD(header);
        const body = cipher.update(payload);
        cipher.final();
        socket.send([header, body, cipher.getAuthTag()], port, "127.0.0.1");
      }
    },
    rival: () => rival?.sendPicture(picture, performance.now() * 90),
    peer: () => peers.get(0)?.sendPicture(picture, performance.now()),
  };
  const begun = performance.now();
  const before = process.cpuUsage();
  let flooded = 0;
  while (performance.now() - begun < floodMs) {
    for (let n = 0; n < 10; n++, flooded += 15) ways[way]();
    await turn();
  }
  const { user, system } = process.cpuUsage(before);
  const packetsPerSecond = flooded / ((user + system) / 1e6);
  socket.close();
  say({ type: "flooded", packetsPerSecond });
}

function held(): Held {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const descriptors = readdirSync("/proc/self/fd").length;
  return { residentBytes: rss, heldBytes: heapUsed + external, descriptors };
}

process.on("message", (message: ToSender | Signal) => {
  switch (message.type) {
    case "window":
      return windowOf();
    case "memory":
      return say({ type: "memory", ...held() });
    case "close":
      void peers.get(message.viewer)?.close();
      peers.delete(message.viewer);
      return;
    case "flood":
      return void flood(message.way, message.port);
    case "offer":
      return offer(message.viewer, message.sdp);
    case "candidate":
      if (message.viewer === rivalViewer)
        return void (message.candidate && rival?.addCandidate(message.candidate));
      return void peers.get(message.viewer)?.addCandidate(message.candidate);
    case "answer":
  }
});
process.on("disconnect", () => {
  rival?.close();
  process.exit(0);
});

const server = createServer((socket) => {
  socket.on("error", () => undefined);
  serve(socket).catch(() => undefined);
}).listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
say({ type: "listening", port: typeof address === "object" && address ? address.port : 0 });
