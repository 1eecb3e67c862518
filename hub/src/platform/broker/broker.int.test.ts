import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { maxPacketBytes } from "@cloudphone/shared/link";
import { desiredTopic, eventTopic, hostTopic } from "@cloudphone/shared/topics";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listenerName } from "./listeners.ts";
import { silent } from "../testing.ts";
import { type Broker, startBroker } from "./broker.ts";
import {
  connect,
  type Connect,
  packet,
  type Packet,
  parse,
  publish,
  subscribe,
  topicOf,
  unsubscribe,
} from "./mqtt-bytes.ts";

const connack = 2;
const published = 3;
const puback = 4;
const pubrec = 5;
const suback = 9;

interface Taken {
  readonly hostId: string;
  readonly kind: string;
  readonly text: string;
}

let broker: Broker;
const taken: Taken[] = [];
const refused: { hostId: string; topic: string; text: string }[] = [];
const limits = {
  connectTimeoutMs: 300,
  drainTimeoutMs: 500,
  connectionsPerAddress: 12,
  rightsKnownMs: 50,
};
const removed = new Set<string>();

const open = (more: Partial<typeof limits>): Promise<Broker> =>
  startBroker({
    host: "127.0.0.1",
    port: 0,
    logger: silent,
    limits: { ...limits, ...more },
    verifyHost: async (_hostId, secret) => {
      if (secret === "unknowable") throw new Error("the database is away");
      return secret === "right";
    },
    rightsOfListener: async (id, secret) =>
      removed.has(id) || (secret !== null && secret !== "right") ? null : ["order.*"],
    onHostMessage: (hostId, kind, payload) =>
      void taken.push({ hostId, kind, text: payload.toString() }),
    onRefused: (hostId, topic, payload) =>
      void refused.push({ hostId, topic, text: payload.toString() }),
  });

beforeAll(async () => {
  broker = await open({});
});
afterAll(() => broker.stop());

/** A TCP connection to the broker, and the packets that came over it. */
class Peer implements AsyncDisposable {
  readonly socket: Socket;
  readonly packets: Packet[] = [];
  #rest = Buffer.alloc(0);
  readonly #closed: Promise<unknown>;

  constructor(port = broker.port) {
    this.socket = connectTcp(port, "127.0.0.1");
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk) => {
      const { packets, rest } = parse(Buffer.concat([this.#rest, chunk]));
      this.#rest = Buffer.from(rest);
      this.packets.push(...packets);
    });
    this.#closed = once(this.socket, "close");
  }

  static async signedIn(options: Connect): Promise<Peer> {
    const peer = new Peer();
    peer.socket.write(connect(options));
    expect((await peer.heard(connack)).body[1], "it is signed in").toBe(0);
    return peer;
  }

  async heard(type: number, which: (packet: Packet) => boolean = () => true): Promise<Packet> {
    await expect
      .poll(() => this.packets.some((given) => given.type === type && which(given)), {
        timeout: 10_000,
        interval: 5,
        message: `a packet of type ${type}`,
      })
      .toBe(true);
    return this.packets.find((given) => given.type === type && which(given)) as Packet;
  }

  async closed(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("it was not closed in 10 s")), 10_000);
    await Promise.race([this.#closed, late.promise]).finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }
}

/** The broker still serves a host that behaves. */
async function expectAlive(): Promise<void> {
  const hostId = `good-${taken.length}`;
  await using peer = await Peer.signedIn({ clientId: hostId });
  peer.socket.write(publish(hostTopic(hostId, "events"), "alive"));
  await expect
    .poll(() => taken.some((message) => message.hostId === hostId && message.text === "alive"))
    .toBe(true);
}

describe("a listener", () => {
  const signIn = (id: string, password = "right") => {
    const username = listenerName(id);
    return { clientId: `${username}/1`, username, password };
  };
  const tell = (type: string) => broker.publish(eventTopic(type), { type }, { retain: false });

  test("hears the events it has a right to, and nothing that is said to hosts", async () => {
    await using peer = await Peer.signedIn(signIn("one"));
    for (const [place, topic] of [eventTopic("+"), hostTopic("+", "commands"), "#"].entries()) {
      peer.socket.write(subscribe(topic));
      const answers = () => peer.packets.filter(({ type }) => type === suback);
      await expect.poll(() => answers().length, { timeout: 30_000, interval: 5 }).toBe(place + 1);
      expect(answers().at(-1)?.body[2], topic).toBe(place === 0 ? 1 : 0x80);
    }
    await tell("host.lost");
    await broker.publish(hostTopic("one", "commands"), {}, { retain: false });
    await tell("order.paid");
    await peer.heard(published, (given) => topicOf(given) === eventTopic("order.paid"));
    const heard = peer.packets.filter(({ type }) => type === published).map(topicOf);
    expect(heard).toEqual([eventTopic("order.paid")]);
  });

  test("says nothing: it is cut off when it tries, and nobody takes it", async () => {
    await using peer = await Peer.signedIn(signIn("two"));
    peer.socket.write(publish(hostTopic("two", "events"), "forged"));
    await peer.closed();
    expect(taken.some(({ text }) => text === "forged")).toBe(false);
  });

  test("is refused with another's secret, and cut off once it was removed", async () => {
    await using stranger = new Peer();
    stranger.socket.write(connect(signIn("three", "wrong")));
    expect((await stranger.heard(connack)).body[1]).toBe(5);
    await using peer = await Peer.signedIn(signIn("three"));
    peer.socket.write(subscribe(eventTopic("+")));
    await peer.heard(suback);
    removed.add("three");
    let over = false;
    const cut = peer.closed().then(() => (over = true));
    await expect
      .poll(() => tell("order.paid").then(() => over), { timeout: 30_000, interval: 20 })
      .toBe(true);
    await cut;
  });
});

describe("sign-in", () => {
  test.each([
    ["another's client id", { clientId: "a", username: "b" }, 5],
    ["a wrong secret", { clientId: "a", password: "wrong" }, 5],
    ["no name", { clientId: "", username: "" }, 5],
    ["a secret that can't be checked now", { clientId: "a", password: "unknowable" }, 3],
  ] satisfies [string, Connect, number][])("with %s is refused", async (_what, options, code) => {
    await using peer = new Peer();
    peer.socket.write(connect(options));
    expect((await peer.heard(connack)).body[1]).toBe(code);
    await peer.closed();
  });

  test("a connection that says nothing is closed", async () => {
    await using peer = new Peer();
    await peer.closed();
    expect(peer.packets).toEqual([]);
  });

  test("connections beyond the cap of one address are turned away, and the others stay", async () => {
    const peers = await Promise.all(
      Array.from({ length: limits.connectionsPerAddress }, (_, n) =>
        Peer.signedIn({ clientId: `many-${n}` }),
      ),
    );
    await using late = new Peer();
    late.socket.write(connect({ clientId: "late" }));
    await late.closed();
    expect(late.packets, "not even an answer").toEqual([]);
    for (const peer of peers) expect(peer.socket.destroyed).toBe(false);
    for (const peer of peers) await peer[Symbol.asyncDispose]();
    await expectAlive();
  });
});

describe("a host", () => {
  test("publishes on its own topics alone: the rest is kept, it is told, and its link stays open", async () => {
    await using peer = await Peer.signedIn({ clientId: "h1" });
    peer.socket.write(subscribe(hostTopic("h1", "refusals")));
    await peer.heard(suback);
    const forbidden = [
      hostTopic("h2", "events"),
      hostTopic("h1", "commands"),
      desiredTopic("h1", "d1"),
      "cloudphone/v1/events/order.paid",
      "$SYS/x",
    ];
    for (const topic of forbidden) peer.socket.write(publish(topic, "forged"));
    for (const topic of forbidden)
      await peer.heard(published, ({ body }) => body.includes(`"topic":"${topic}"`));
    expect(refused.filter(({ hostId }) => hostId === "h1").map(({ topic }) => topic)).toEqual(
      forbidden,
    );
    expect(taken.filter(({ text }) => text === "forged")).toEqual([]);
    peer.socket.write(publish(hostTopic("h1", "events"), "good"));
    await expect.poll(() => taken.at(-1)).toEqual({ hostId: "h1", kind: "events", text: "good" });
  });

  test("is taken at its word once at each quality of service, and answered as that wants it; nobody else hears it", async () => {
    await using peer = await Peer.signedIn({ clientId: "h7" });
    await using other = await Peer.signedIn({ clientId: "h8" });
    other.socket.write(subscribe(desiredTopic("h8", "+")));
    await other.heard(suback);
    peer.socket.write(publish(desiredTopic("h8", "d1"), "forged"));
    for (const qos of [0, 1, 2])
      peer.socket.write(
        publish(hostTopic("h7", "events"), `at ${qos}`, { qos, packetId: qos + 1 }),
      );
    expect((await peer.heard(puback, ({ body }) => body[1] === 2)).body.length).toBe(2);
    expect((await peer.heard(pubrec)).body[1]).toBe(3);
    expect(taken.filter(({ hostId }) => hostId === "h7").map(({ text }) => text)).toEqual([
      ...["at 0", "at 1", "at 2"],
    ]);
    await broker.publish(desiredTopic("h8", "d2"), {}, { retain: false });
    expect(topicOf(await other.heard(published))).toBe(desiredTopic("h8", "d2"));
  });

  test.each([
    "#",
    "+/#",
    "cloudphone/#",
    "cloudphone/v1/hosts/+/commands",
    "cloudphone/v1/events/#",
    "$SYS/#",
    "$share/g/cloudphone/v1/hosts/h4/commands",
  ])("is not granted a subscription to %s", async (filter) => {
    await using peer = await Peer.signedIn({ clientId: "h3" });
    peer.socket.write(subscribe(filter));
    expect((await peer.heard(suback)).body.at(-1)).toBe(0x80);
  });

  test("hears its own desired states, also those retained before it came, and nobody else's", async () => {
    await broker.publish(desiredTopic("h5", "d1"), { of: "h5" }, { retain: true });
    await broker.publish(desiredTopic("h6", "d1"), { of: "h6" }, { retain: true });
    await using peer = await Peer.signedIn({ clientId: "h5" });
    peer.socket.write(subscribe(desiredTopic("h5", "+")));
    expect(topicOf(await peer.heard(published))).toBe(desiredTopic("h5", "d1"));
    await broker.publish(hostTopic("h6", "commands"), { of: "h6" }, { retain: false });
    await broker.publish(desiredTopic("h5", "d2"), { of: "h5" }, { retain: true });
    await peer.heard(published, (given) => topicOf(given) === desiredTopic("h5", "d2"));
    expect(peer.packets.filter(({ body }) => body.includes("h6"))).toEqual([]);
  });

  test("that does not read is closed, and nobody else waits for it longer than that", async () => {
    await using deaf = await Peer.signedIn({ clientId: "deaf" });
    deaf.socket.write(subscribe(hostTopic("deaf", "commands")));
    await deaf.heard(suback);
    await using other = await Peer.signedIn({ clientId: "other" });
    other.socket.write(subscribe(hostTopic("other", "commands")));
    await other.heard(suback);
    deaf.socket.pause();
    const filling = Array.from({ length: 200 }, () =>
      broker
        .publish(hostTopic("deaf", "commands"), { data: "x".repeat(100_000) }, { retain: false })
        .catch(() => undefined),
    );
    await broker.publish(hostTopic("other", "commands"), { for: "other" }, { retain: false });
    await other.heard(published, ({ body }) => body.includes('"for":"other"'));
    await Promise.all(filling);
    deaf.socket.resume();
    await deaf.closed();
  });
});

/** Each is sent by a host that is signed in, or instead of signing in. Sources: facts on brokers that one packet ended, MQTT 3.1.1 sections 1.5.3, 2.2, 3.1-3.10. */
const levels = "a/".repeat(200);
const evil: [string, Connect | null, Buffer][] = [
  ["a client id of every object: constructor", { clientId: "constructor" }, Buffer.alloc(0)],
  ["a client id of every object: __proto__", { clientId: "__proto__" }, Buffer.alloc(0)],
  ["a client id of every object: hasOwnProperty", { clientId: "hasOwnProperty" }, Buffer.alloc(0)],
  ["a subscription to __proto__", { clientId: "e" }, subscribe("__proto__")],
  ["a subscription to constructor", { clientId: "e" }, subscribe("constructor")],
  ["a subscription of 201 levels", { clientId: "e" }, subscribe(`${levels}z`)],
  ["a subscription with a filter that is none", { clientId: "e" }, subscribe("a#b/+c")],
  ["a subscription of QoS 3", { clientId: "e" }, subscribe(hostTopic("e", "acks"), 3)],
  ["an empty subscription", { clientId: "e" }, packet(0x82, Buffer.from([0, 1]))],
  ["the end of a subscription that never was", { clientId: "e" }, unsubscribe("__proto__")],
  ["a publish to __proto__", { clientId: "e" }, publish("__proto__", "x")],
  ["a publish of 201 levels", { clientId: "e" }, publish(`${levels}z`, "x")],
  ["a publish to a filter", { clientId: "e" }, publish("cloudphone/#", "x")],
  ["a publish to nowhere", { clientId: "e" }, publish("", "x")],
  ["a topic with NUL", { clientId: "e" }, publish("a\0b", "x")],
  ["a topic that is not UTF-8", { clientId: "e" }, publish(Buffer.from([0xff, 0xfe]), "x")],
  ["packet id 0", { clientId: "e" }, publish("x", "x", { packetId: 0 })],
  ["a publish of QoS 3", { clientId: "e" }, publish("x", "x", { qos: 3 })],
  [
    "a will of 201 levels",
    { clientId: "e", will: { topic: `${levels}z`, payload: "x" } },
    Buffer.alloc(0),
  ],
  [
    "a will on __proto__",
    { clientId: "e", will: { topic: "__proto__", payload: "x" } },
    Buffer.alloc(0),
  ],
  [
    "a will in another host's name",
    { clientId: "e", will: { topic: hostTopic("f", "presence"), payload: "x" } },
    Buffer.alloc(0),
  ],
  ["a second sign-in", { clientId: "e" }, connect({ clientId: "f" })],
  ["a release of a packet that never was", { clientId: "e" }, packet(0x62, Buffer.from([0, 9]))],
  ["a packet of type 0", { clientId: "e" }, packet(0x00)],
  ["a packet of type 15", { clientId: "e" }, packet(0xf0, Buffer.from("x"))],
  ["a length of five bytes", { clientId: "e" }, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  ["protocol level 99", null, connect({ clientId: "e", protocolLevel: 99 })],
  ["no client id for a kept session", null, connect({ clientId: "", username: "e", clean: false })],
  ["a sign-in that breaks off", null, packet(0x10, Buffer.from([0, 4, 77, 81]))],
  ["HTTP", null, Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
];

describe("the broker outlives", () => {
  test.each(evil)("%s", async (_what, signIn, bytes) => {
    const before = taken.length;
    await using peer = signIn ? await Peer.signedIn(signIn) : new Peer();
    peer.socket.write(bytes);
    peer.socket.end();
    await peer.closed();
    expect(taken.slice(before), "nothing of it counts as a host's word").toEqual([]);
    await expectAlive();
  });

  test("a packet that says it has 256 MiB: closed at its header, before sign-in", async () => {
    // One that would wait for the rest of the packet for an hour.
    const patient = await open({ connectTimeoutMs: 3_600_000 });
    await using peer = new Peer(patient.port);
    peer.socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await peer.closed();
    await patient.stop();
  });

  test("a packet one byte larger than allowed, also when its header comes byte by byte", async () => {
    await using peer = await Peer.signedIn({ clientId: "e" });
    const length = maxPacketBytes + 1;
    for (const byte of [
      0x30,
      (length & 0x7f) | 0x80,
      ((length >> 7) & 0x7f) | 0x80,
      length >> 14,
    ]) {
      peer.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.closed();
  });
});

test("the largest packet that is allowed is taken", async () => {
  await using peer = await Peer.signedIn({ clientId: "large" });
  const topic = hostTopic("large", "events");
  const text = "x".repeat(maxPacketBytes - Buffer.byteLength(topic) - 4);
  peer.socket.write(publish(topic, text));
  await expect.poll(() => taken.at(-1)?.text.length).toBe(text.length);
});
