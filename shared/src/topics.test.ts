import { describe, expect, it } from "vitest";
import { partitionOf } from "./partitions.ts";
import {
  agentSubscriptions,
  desiredTopic,
  eventTopic,
  hostTopic,
  type HostTopicKind,
  hostTopicKinds,
  hubTopic,
  parseTopic,
  partitionSubscription,
} from "./topics.ts";

describe("topics", () => {
  it.each(Object.keys(hostTopicKinds) as HostTopicKind[])(
    "reads back what it builds for %s",
    (kind) => {
      expect(parseTopic(hostTopic("h1", kind))).toEqual({ kind, hostId: "h1" });
    },
  );

  it("puts what a host says into the host's own partition, where its hub listens", () => {
    const filter = partitionSubscription(partitionOf("h1"));
    expect(hostTopic("h1", "events")).toBe(filter.replace("+/+", "h1/events"));
  });

  it("reads back a device's desired topic and an event's topic", () => {
    expect(parseTopic(desiredTopic("h1", "d1"))).toEqual({
      kind: "desired",
      hostId: "h1",
      deviceId: "d1",
    });
    expect(parseTopic(eventTopic("device.started"))).toEqual({
      kind: "event",
      type: "device.started",
    });
    expect(parseTopic(hubTopic("one"))).toEqual({ kind: "hub", hubId: "one" });
  });

  it.each([
    "",
    "cloudphone/v1",
    "cloudphone/v1/",
    "cloudphone/v2/hosts/h1/events",
    "other/cloudphone/v1/hosts/h1/events",
    "cloudphone/v1/hosts/h1",
    "cloudphone/v1/hosts//events",
    "cloudphone/v1/hosts/h1/secrets",
    "cloudphone/v1/hosts/h1/constructor",
    "cloudphone/v1/hosts/h1/events",
    "cloudphone/v1/hosts/h1/acks/more",
    "cloudphone/v1/partitions/99/hosts/h1/events",
    "cloudphone/v1/partitions/x/hosts/h1/acks",
    `${hostTopic("h1", "events")}/more`,
    hostTopic("h1", "events").replace("h1", "h2"),
    "cloudphone/v1/hosts/h1/devices/d1",
    "cloudphone/v1/hosts/h1/devices//desired",
    "cloudphone/v1/hosts/h1/devices/d1/desired/more",
    "cloudphone/v1/events/",
    "cloudphone/v1/events/device.started/more",
    "$SYS/broker",
  ])("takes %j for none of ours", (topic) => {
    expect(parseTopic(topic)).toBeNull();
  });

  it("lets an agent listen only to what comes down to its own host", () => {
    const subscriptions = agentSubscriptions("h1");
    for (const topic of subscriptions) expect(topic).toContain("/hosts/h1/");
    const down = (Object.entries(hostTopicKinds) as [HostTopicKind, string][])
      .filter(([, way]) => way === "down")
      .map(([kind]) => hostTopic("h1", kind));
    expect(subscriptions.toSorted()).toEqual([...down, desiredTopic("h1", "+")].toSorted());
  });
});
