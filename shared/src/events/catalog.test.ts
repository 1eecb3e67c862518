import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  describeIssues,
  eventCatalog,
  type EventType,
  newestVersion,
  readEnvelope,
  readEventData,
} from "./catalog.ts";
import type { EventDefinition } from "./define.ts";

const id = "018f3c5a-0000-7000-8000-0000000000aa";

const stored = (Object.entries(eventCatalog) as [EventType, EventDefinition][]).flatMap(
  ([type, { versions }]) =>
    versions.map(({ sample }, index) => ({ type, version: index + 1, sample })),
);

const wrap = (event: { type: string; version: number; data: unknown }): unknown => ({
  id,
  subject: "a",
  occurredAt: "2026-01-01T00:00:00.000Z",
  correlationId: id,
  causationId: null,
  ...event,
});

describe("the event catalog", () => {
  it.each(stored)("reads a stored $type of version $version as the newest version", (event) => {
    const reading = readEventData({
      type: event.type,
      version: event.version,
      data: event.sample as Record<string, unknown>,
    });
    expect(reading).toMatchObject({ outcome: "known" });
    if (reading.outcome !== "known") return;
    expect(eventCatalog[event.type].newest.safeParse(reading.data)).toMatchObject({
      success: true,
    });
  });

  it("has at least twenty types", () => {
    expect(Object.keys(eventCatalog).length).toBeGreaterThanOrEqual(20);
  });

  it.each([
    "device.started",
    "device.stopped",
    "device.allocate.requested",
    "device.allocated",
    "device.released",
    "app.install.requested",
    "app.install.completed",
    "app.install.failed",
    "order.created",
    "order.paid",
    "order.cancelled",
  ])("knows %s", (type) => {
    expect(Object.hasOwn(eventCatalog, type)).toBe(true);
  });

  it("writes the version that was added last", () => {
    expect(newestVersion("device.stopped")).toBe(2);
    expect(newestVersion("device.started")).toBe(1);
  });

  it("turns the seconds of an old device.stopped into milliseconds", () => {
    const old = stored.find(({ type, version }) => type === "device.stopped" && version === 1);
    const reading = readEventData({
      type: "device.stopped",
      version: 1,
      data: { ...(old?.sample as Record<string, unknown>), duration: 1.5 },
    });
    expect(reading).toMatchObject({ outcome: "known", data: { durationMs: 1500 } });
    expect(reading).not.toHaveProperty("data.duration");
  });
});

describe("an event from outside", () => {
  it("of a type nobody knows is unknown and kept", () => {
    const event = wrap({ type: "device.painted", version: 1, data: {} });
    expect(readEnvelope(event)).toMatchObject({ outcome: "unknown", envelope: event });
  });

  it("of a type named like a member of every object is unknown", () => {
    expect(readEventData({ type: "constructor", version: 1, data: {} }).outcome).toBe("unknown");
  });

  it("of a version from the future is unknown", () => {
    const version = newestVersion("device.stopped") + 1;
    expect(readEnvelope(wrap({ type: "device.stopped", version, data: {} }))).toMatchObject({
      outcome: "unknown",
      reason: expect.stringContaining(`version ${version}`) as string,
    });
  });

  it("whose data has the wrong shape is malformed, and is told where", () => {
    const reading = readEnvelope(
      wrap({ type: "device.started", version: 1, data: { deviceId: 7 } }),
    );
    expect(reading).toMatchObject({ outcome: "malformed" });
    expect(reading.outcome === "malformed" && reading.reason).toContain("deviceId");
  });

  it.each([null, 7, "text", [], {}])("that is no envelope at all (%j) is malformed", (input) => {
    expect(readEnvelope(input).outcome).toBe("malformed");
  });

  it("with a type that is not written area.fact is malformed", () => {
    for (const type of ["Started", "device", "device..started", "device/started"])
      expect(readEnvelope(wrap({ type, version: 1, data: {} })).outcome).toBe("malformed");
  });
});

describe("what is wrong with an input", () => {
  const schema = z.object({
    targets: z.union([
      z.strictObject({ devices: z.array(z.string()) }),
      z.strictObject({
        labels: z.record(z.string().regex(/^[a-z]+$/, "letters only"), z.string()),
      }),
    ]),
  });
  const told = (input: unknown): string => {
    const { error } = schema.safeParse(input);
    return error ? describeIssues(error) : "";
  };

  it.each([
    [{ targets: { devices: [7] } }, /^targets\.devices\.0: .*expected string/],
    [{ targets: { labels: { "a'b": "c" } } }, /^targets\.labels\.a'b: letters only$/],
    [{ targets: 7 }, /^targets: /],
  ])("is told of the form that was meant: %j", (input, words) => {
    expect(told(input)).toMatch(words);
  });
});
