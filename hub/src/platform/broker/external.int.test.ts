import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { missingEngines, type MosquittoEngine, startMosquitto } from "@cloudphone/testing/engines";
import { partitionOf, partitions } from "@cloudphone/shared/partitions";
import { agentSubscriptions, desiredTopic, eventTopic, hostTopic } from "@cloudphone/shared/topics";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent, until } from "../testing.ts";
import { parseMqttUrl } from "./address.ts";
import type { Broker } from "./broker.ts";
import { joinBroker } from "./external.ts";
import { listenerName } from "./listeners.ts";

const missing = missingEngines();
if (missing && process.env.CI) throw new Error(missing);
if (missing) console.info(`skipped: needs ${missing}`);

interface Taken {
  readonly hub: string;
  readonly hostId: string;
  readonly kind: string;
  readonly text: string;
}

const taken: Taken[] = [];
const told: { hub: string; text: string }[] = [];
let dir: string;
let mosquitto: MosquittoEngine;
const hubs: Broker[] = [];

async function join(name: string): Promise<Broker> {
  const server = parseMqttUrl(mosquitto.url);
  const hub = await joinBroker({
    ...{ server, forAgents: server, hubId: name, logger: silent },
    onHubMessage: (payload) => void told.push({ hub: name, text: payload.toString() }),
    access: "dynamic-security",
    onHostMessage: (hostId, kind, payload) =>
      void taken.push({ hub: name, hostId, kind, text: payload.toString() }),
  });
  hubs.push(hub);
  return hub;
}

const clients: MqttClient[] = [];

async function signIn(username: string, password: string, clientId = username) {
  const client = mqtt.connect({
    ...{ host: "127.0.0.1", port: mosquitto.port, protocolVersion: 4, reconnectPeriod: 0 },
    ...{ clientId, username, password },
  });
  clients.push(client);
  const heard: { topic: string; text: string }[] = [];
  client.on("message", (topic, payload) => heard.push({ topic, text: payload.toString() }));
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed")));
  });
  return { client, heard };
}

describe.skipIf(missing)("a broker that others run", () => {
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "cloudphone-mosquitto-"));
    mosquitto = await startMosquitto(dir);
    await join("one");
    await join("two");
  });
  afterAll(async () => {
    for (const client of clients) client.end(true);
    for (const hub of hubs) await hub.stop();
    await mosquitto[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const admitted = async (): Promise<{ hostId: string; secret: string }> => {
    const [hostId, secret] = [randomUUID(), randomUUID()];
    await hubs[0]?.admitHost(hostId, secret);
    return { hostId, secret };
  };

  test("a host that enrolled connects as itself with its secret, and in no other way", async () => {
    const { hostId, secret } = await admitted();
    await signIn(hostId, secret);
    await expect(signIn(hostId, "wrong")).rejects.toThrow();
    await expect(signIn(hostId, secret, "another")).rejects.toThrow();
    await expect(signIn(randomUUID(), secret)).rejects.toThrow();
  });

  test("what a host says is heard by the hub that has its partition, and by it alone", async () => {
    const { hostId, secret } = await admitted();
    const mine = partitionOf(hostId);
    await hubs[0]?.listenTo([mine]);
    await hubs[1]?.listenTo(partitions.filter((one) => one !== mine));
    const { client } = await signIn(hostId, secret);
    const say = (text: string): Promise<unknown> =>
      client.publishAsync(hostTopic(hostId, "events"), text, { qos: 1 });
    const hubsOf = (text: string): string[] =>
      taken.filter((one) => one.text === text).map(({ hub }) => hub);
    await say("first");
    await until("the first", async () => hubsOf("first").length > 0);
    // Handed over: the other hears it from now on.
    await hubs[0]?.listenTo([]);
    await hubs[1]?.listenTo(partitions);
    await say("second");
    await until("the second", async () => hubsOf("second").length > 0);
    expect([hubsOf("first"), hubsOf("second")]).toEqual([["one"], ["two"]]);
  });

  test("a host hears what is said to it, also what was said before it came, and nothing of another", async () => {
    const { hostId, secret } = await admitted();
    const other = await admitted();
    await hubs[1]?.publish(desiredTopic(hostId, "d1"), { power: "running" }, { retain: true });
    const { client, heard } = await signIn(hostId, secret);
    await client.subscribeAsync(agentSubscriptions(hostId), { qos: 1 });
    for (const topic of [...agentSubscriptions(other.hostId), "#", eventTopic("order.paid")])
      await client.subscribeAsync(topic, { qos: 1 }).catch(() => undefined);
    await hubs[0]?.publish(hostTopic(other.hostId, "acks"), { not: "yours" }, { retain: false });
    await hubs[0]?.publish(eventTopic("order.paid"), { not: "yours" }, { retain: false });
    await hubs[0]?.publish(hostTopic(hostId, "acks"), { last: true }, { retain: false });
    await until("the ack", async () => heard.some(({ text }) => text === '{"last":true}'));
    expect(heard.map(({ text }) => text)).toEqual(['{"power":"running"}', '{"last":true}']);
  });

  test("a host can't speak for another, nor as the hub", async () => {
    const [{ hostId, secret }, other] = [await admitted(), await admitted()];
    await hubs[0]?.listenTo(partitions);
    const { client } = await signIn(hostId, secret);
    const own = hostTopic(hostId, "events");
    for (const topic of [
      hostTopic(other.hostId, "events"),
      hostTopic(other.hostId, "commands"),
      hostTopic(hostId, "commands"),
      "$CONTROL/dynamic-security/v1",
    ])
      client.publish(topic, "forged", { qos: 1 });
    client.publish(own, "honest", { qos: 1 });
    await until("the honest one", async () => taken.some(({ text }) => text === "honest"));
    expect(taken.filter(({ text }) => text === "forged")).toEqual([]);
  });

  test("what a hub tells the others is heard by them, and not by itself", async () => {
    hubs[0]?.tellHubs({ appended: 7 });
    await until("the other", async () => told.length > 0);
    expect(told).toEqual([{ hub: "two", text: '{"appended":7}' }]);
  });

  test("a listener hears the events of its types and nothing else, until it is removed", async () => {
    const [id, secret] = [randomUUID(), randomUUID()];
    await hubs[0]?.admitListener({ id, types: ["order.*", "user.registered"] }, secret);
    const name = listenerName(id);
    await expect(signIn(name, "wrong")).rejects.toThrow();
    await expect(signIn(name, secret, randomUUID())).rejects.toThrow();
    const { client, heard } = await signIn(name, secret);
    await client.subscribeAsync(eventTopic("+"), { qos: 1 });
    for (const topic of ["#", desiredTopic(randomUUID(), "+"), eventTopic("wallet.low")])
      await client.subscribeAsync(topic, { qos: 1 }).catch(() => undefined);
    const { hostId } = await admitted();
    const tell = (topic: string, text: string): unknown =>
      hubs[1]?.publish(topic, { text }, { retain: false });
    await tell(hostTopic(hostId, "commands"), "a command");
    await tell(eventTopic("wallet.low"), "another type");
    await tell(eventTopic("order.paid"), "paid");
    await tell(eventTopic("user.registered"), "registered");
    await until("the last", async () => heard.some(({ text }) => text.includes("registered")));
    expect(heard.map(({ text }) => text)).toEqual(['{"text":"paid"}', '{"text":"registered"}']);
    client.publish(eventTopic("order.paid"), "forged", { qos: 1 });
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    await hubs[1]?.expelListener(id);
    await closed;
    await expect(signIn(name, secret)).rejects.toThrow();
    await hubs[0]?.expelListener(id);
  });

  test("where the broker's own configuration says who may connect, a listener is refused with what to do", async () => {
    const lone = await joinBroker({
      ...{ server: parseMqttUrl(mosquitto.url), forAgents: parseMqttUrl(mosquitto.url) },
      ...{ hubId: randomUUID(), logger: silent, access: "broker" as const },
      onHubMessage: () => undefined,
      onHostMessage: () => undefined,
    });
    const asked = lone.admitListener({ id: randomUUID(), types: ["*"] }, "secret");
    await expect(asked).rejects.toMatchObject({ code: "conflict" });
    await lone.stop();
  });

  test("a host that is removed is cut off, and can't come back", async () => {
    const { hostId, secret } = await admitted();
    const { client } = await signIn(hostId, secret);
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    await hubs[0]?.expelHost(hostId);
    await closed;
    await expect(signIn(hostId, secret)).rejects.toThrow();
    await hubs[0]?.expelHost(hostId);
  });

  test("without the broker a publish is refused at once; when it is back all goes on", async () => {
    const dir2 = await mkdtemp(path.join(tmpdir(), "cloudphone-mosquitto-"));
    try {
      const first = await startMosquitto(dir2);
      const server = parseMqttUrl(first.url);
      const lone = await joinBroker({
        ...{ server, forAgents: server, hubId: "lone", logger: silent, access: "broker" },
        onHubMessage: () => undefined,
        onHostMessage: () => undefined,
      });
      await first[Symbol.asyncDispose]();
      await until("the loss", async () => !lone.listening);
      await expect(lone.publish("cloudphone/x", {}, { retain: false })).rejects.toMatchObject({
        code: "unavailable",
      });
      await lone.stop();
    } finally {
      await rm(dir2, { recursive: true, force: true });
    }
  });
});
