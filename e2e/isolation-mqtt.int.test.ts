import { randomUUID } from "node:crypto";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { agentSubscriptions, desiredTopic, hostTopic } from "@cloudphone/shared/topics";
import { connect, connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HostByHand } from "./host-by-hand.ts";
import { type HubHere, startHubHere } from "./hub-here.ts";
import { connectHost, createTenant, gone, rowsAtRest, type Tenant } from "./tenant.ts";

let here: HubHere;
let host: HostByHand;
let ann: Tenant;

beforeAll(async () => {
  here = await startHubHere();
  host = await connectHost(here);
  ann = await createTenant(here, host, "ann");
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await here[Symbol.asyncDispose]();
});

/** What a client that signs on like this is granted of each topic; null: it is not let in. */
async function granted(
  sign: { clientId: string; username: string; password: string },
  topics: readonly string[],
): Promise<string[] | null> {
  const client = connect({
    ...{ host: "127.0.0.1", port: here.mqttPort, protocolVersion: 4, reconnectPeriod: 0 },
    ...sign,
  });
  client.on("error", () => undefined);
  try {
    const entered = await new Promise<boolean>((resolve) => {
      client.once("connect", () => resolve(true));
      client.once("close", () => resolve(false));
    });
    if (!entered) return null;
    const answers = topics.map(async (topic) => {
      await client.subscribeAsync(topic);
      return topic;
    });
    const settled = await Promise.allSettled(answers);
    return settled.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  } finally {
    await client.endAsync(true);
  }
}

/** All that is said to a host, and all that is said to anybody. */
const topicsOf = (hostId: string, deviceId: string): string[] => [
  ...agentSubscriptions(hostId),
  desiredTopic(hostId, deviceId),
  ...(["events", "heartbeat", "presence"] as const).map((kind) => hostTopic(hostId, kind)),
  "cloudphone/v1/hosts/+/commands",
  "cloudphone/v1/hosts/#",
  "cloudphone/v1/events/#",
  "cloudphone/#",
  "#",
  "+/#",
  "$SYS/#",
  `$share/x/${hostTopic(hostId, "commands")}`,
];

test("nothing that a customer has signs on to MQTT", async () => {
  const { key } = await ann.api.mutate<{ key: string }>("apiKeys.create", {
    ...{ name: "mqtt", scopes: ["*.write"] },
  });
  const userId = ann.things.userId?.[0] ?? "";
  for (const name of [ann.email, userId, ann.device.deviceId, host.hostId, ""])
    for (const password of [ann.password, ann.api.token ?? "", key, ann.ticket, ""]) {
      const sign = { clientId: name || "x", username: name, password };
      expect(await granted(sign, ["#"]), `${name} with ${password}`).toBeNull();
    }
});

test("a host that signs on as itself hears nothing of another's, and as another not at all", async () => {
  await using other = await HostByHand.enroll(here);
  const { hostId, secret } = other;
  const topics = topicsOf(host.hostId, ann.device.deviceId);
  const asItself = await granted({ clientId: hostId, username: hostId, password: secret }, topics);
  expect(asItself).toEqual([]);
  for (const sign of [
    { clientId: host.hostId, username: hostId, password: secret },
    { clientId: host.hostId, username: host.hostId, password: secret },
    { clientId: hostId, username: host.hostId, password: host.secret },
  ])
    expect(await granted(sign, topics)).toBeNull();
});

test("a host says nothing for another: not on its topics, not of its phones, not in its name, and nothing that only the hub may say", async () => {
  const other = await connectHost(here);
  const before = await rowsAtRest(here, ann.marks);
  await sayElsewhere(other);
  await other[Symbol.asyncDispose]();
  await using again = await connectHost(here);
  const forged = forgeries(again);
  for (const draft of forged) again.note(draft);
  // An outcome of her command, told of a phone that is nobody's.
  const deviceId = randomUUID();
  const commandId = ann.things.snapshotId?.[0] ?? "";
  const deleted = { commandId, deviceId, snapshotId: commandId };
  again.note({ type: "snapshot.delete.completed", subject: deviceId, data: deleted });
  await again.deliver();
  const quarantined = await here.admin.query<{ hostId: string }[]>("quarantine.list", {});
  expect(quarantined.filter(({ hostId }) => hostId === again.hostId)).toHaveLength(forged.length);
  const after = await rowsAtRest(here, ann.marks);
  expect(gone(before, after), "rows of hers that were changed or taken away").toEqual([]);
});

/** Publishes on another host's topics; what is refused is kept under its own name. */
async function sayElsewhere({ hostId, secret }: HostByHand): Promise<void> {
  const client = await connectAsync({
    ...{ host: "127.0.0.1", port: here.mqttPort, protocolVersion: 4 },
    ...{ clientId: hostId, username: hostId, password: secret },
  });
  const bye = JSON.stringify({ v: 1, kind: "bye", epoch: host.epoch });
  await client.publishAsync(hostTopic(host.hostId, "presence"), bye, { qos: 1 });
  const desired = desiredTopic(host.hostId, ann.device.deviceId);
  await client.publishAsync(desired, "", { qos: 1, retain: true });
  await client.endAsync();
}

/** What no host may say: of another's phone, in another's name, and what only the hub says. */
function forgeries({ epoch }: HostByHand): EventDraft[] {
  const { deviceId } = ann.device;
  const [orderId = "", userId = ""] = [ann.things.orderId?.[0], ann.things.userId?.[0]];
  const { hostId } = host;
  const store = { epoch, bootId: "b", agentVersion: "x", providers: [] };
  const user = { email: "x@example.com", role: "admin" as const, demo: false };
  const broken = { state: "failed" as const, reason: "said by another" };
  return [
    { type: "device.state.changed", subject: deviceId, data: { deviceId, ...broken } },
    { type: "device.destroyed", subject: deviceId, data: { deviceId } },
    { type: "device.release.requested", subject: orderId, data: { orderId, reason: "x" } },
    { type: "user.registered", subject: userId, data: { userId, ...user } },
    { type: "host.started", subject: hostId, data: { hostId, ...store } },
  ];
}
