import { partitionOf } from "./partitions.ts";

/**
 * Every MQTT topic of the platform. `up` topics are written by a host's agent, `down` topics by the hub;
 * the broker's access rules are keyed by these kinds, so a topic that is not here can't be used.
 * Agent and hub speak MQTT 3.1.1; payloads are UTF-8 JSON.
 */
const root = "cloudphone/v1";

export const hostTopicKinds = {
  /** Batches of events, numbered; answered on `acks` after the hub's commit. QoS 1. */
  events: "up",
  /** A sign of life every 10 s, with what runs. Droppable. QoS 0. */
  heartbeat: "up",
  /** "hello" when the link opens (asks for acks, desired states and commands), "bye" on a clean stop, "gone" as last will. QoS 1. */
  presence: "up",
  /** Highest sequence number the hub has committed, and how much may be in flight. QoS 1. */
  acks: "down",
  /** Commands, each with an id and a deadline. QoS 1. */
  commands: "down",
  /** What the hub refused from this host, in words. QoS 1. */
  refusals: "down",
} as const;

export type HostTopicKind = keyof typeof hostTopicKinds;

/** What a host says goes to its partition, so that each hub hears the hosts of its own partitions and no others. */
export const hostTopic = (hostId: string, kind: HostTopicKind): string =>
  hostTopicKinds[kind] === "up"
    ? `${root}/partitions/${partitionOf(hostId)}/hosts/${hostId}/${kind}`
    : `${root}/hosts/${hostId}/${kind}`;

/** What a hub has appended to the log, told to the other hubs. A hint: QoS 0. */
export const hubTopic = (hubId: string): string => `${root}/hubs/${hubId}/appended`;

/** All that a host may say: for a broker's rules. */
export const hostSaysFilter = (hostId: string): string =>
  `${root}/partitions/${partitionOf(hostId)}/hosts/${hostId}/+`;

/** What a hub subscribes to for a partition that is its own: all that the partition's hosts say. */
export const partitionSubscription = (partition: number): string =>
  `${root}/partitions/${partition}/hosts/+/+`;

/** Retained: the one truth about what a device should be. QoS 1. */
export const desiredTopic = (hostId: string, deviceId: string): string =>
  `${root}/hosts/${hostId}/devices/${deviceId}/desired`;

/** What an agent subscribes to, and nothing else. */
export const agentSubscriptions = (hostId: string): string[] => [
  hostTopic(hostId, "acks"),
  hostTopic(hostId, "commands"),
  hostTopic(hostId, "refusals"),
  desiredTopic(hostId, "+"),
];

/** New events, fanned out to whoever has the right to listen. QoS 1, not retained. */
export const eventTopic = (type: string): string => `${root}/events/${type}`;

export type ParsedTopic =
  | { kind: HostTopicKind; hostId: string }
  | { kind: "desired"; hostId: string; deviceId: string }
  | { kind: "event"; type: string }
  | { kind: "hub"; hubId: string };

/** The meaning of a concrete topic, or null when it is none of ours. */
export function parseTopic(topic: string): ParsedTopic | null {
  if (!topic.startsWith(`${root}/`)) return null;
  const [area, first, kind, second, last, extra] = topic.slice(root.length + 1).split("/");
  if (area === "events" && first && kind === undefined) return { kind: "event", type: first };
  if (area === "hubs" && first && kind === "appended" && second === undefined)
    return { kind: "hub", hubId: first };
  if (area === "partitions" && second) return builtAs(topic, second, last);
  if (area !== "hosts" || !first || !kind) return null;
  if (second === undefined) return builtAs(topic, first, kind);
  if (kind === "devices" && second && last === "desired" && extra === undefined)
    return { kind: "desired", hostId: first, deviceId: second };
  return null;
}

/** A host's topic is one of ours only as `hostTopic` writes it: in the host's own partition, and up or down as its kind goes. */
function builtAs(topic: string, hostId: string, kind = ""): ParsedTopic | null {
  if (!Object.hasOwn(hostTopicKinds, kind)) return null;
  const known = kind as HostTopicKind;
  return hostTopic(hostId, known) === topic ? { kind: known, hostId } : null;
}
