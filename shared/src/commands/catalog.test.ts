import { describe, expect, it } from "vitest";
import { eventCatalog, isEventType } from "../events/catalog.ts";
import { outcomeFailureSchema, outcomeSchema } from "../events/outcome.ts";
import { type CommandType, commandCatalog, isCommandType } from "./catalog.ts";

const types = Object.keys(commandCatalog) as CommandType[];
const commandId = "018f3c5a-0000-7000-8000-0000000000c1";

describe.each(types)("the command %s", (type) => {
  const { completed, failed, deadlineMs } = commandCatalog[type];

  it("ends in two different events that exist, written by the agent", () => {
    expect(isEventType(completed)).toBe(true);
    expect(isEventType(failed)).toBe(true);
    expect(completed).not.toBe(failed);
    expect(eventCatalog[completed].author).toBe("agent");
    expect(eventCatalog[failed].author).toBe("agent");
  });

  it("says in either event which command and device it was, and why it failed", () => {
    const sampleOf = (event: typeof completed | typeof failed): unknown =>
      eventCatalog[event].versions.at(-1)?.sample;
    expect(outcomeSchema.safeParse(sampleOf(completed)).success).toBe(true);
    expect(outcomeFailureSchema.safeParse(sampleOf(failed)).success).toBe(true);
  });

  it("has a deadline between a second and a day", () => {
    expect(deadlineMs).toBeGreaterThanOrEqual(1000);
    expect(deadlineMs).toBeLessThanOrEqual(86_400_000);
  });

  it("is asked for by an event of its own name", () => {
    expect(isEventType(`${type}.requested`)).toBe(true);
  });
});

describe("the command catalog", () => {
  it("knows its own types and no member of every object", () => {
    for (const type of types) expect(isCommandType(type)).toBe(true);
    for (const text of ["", "device.explode", "constructor"])
      expect(isCommandType(text)).toBe(false);
  });

  it("refuses an install whose checksum is none", () => {
    const { data } = commandCatalog["app.install"];
    const good = {
      packageName: "a.b",
      sha256: "a".repeat(64),
      bytes: 1,
      path: `/blobs/${commandId}`,
    };
    expect(data.safeParse(good).success).toBe(true);
    expect(data.safeParse({ ...good, sha256: "A".repeat(64) }).success).toBe(false);
    expect(data.safeParse({ ...good, bytes: 0 }).success).toBe(false);
  });
});
