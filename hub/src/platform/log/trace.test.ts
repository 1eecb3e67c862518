import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { expect, test } from "vitest";
import { causationTree, type TracedStep, type TraceNode } from "./trace.ts";

const at = (position: number): string => new Date(1_800_000_000_000 + position * 10).toISOString();

const event = (
  position: number,
  type: string,
  more: Partial<RecordedEnvelope> = {},
): RecordedEnvelope => ({
  id: `e${position}`,
  type,
  version: 1,
  subject: "order",
  occurredAt: at(position),
  recordedAt: at(position),
  correlationId: "c",
  causationId: null,
  data: {},
  position,
  stream: "context:billing",
  seq: position,
  ...more,
});

const step = (number: number, more: Partial<TracedStep>): TracedStep => ({
  saga: "buy-plan",
  sagaId: "s",
  step: number,
  at: at(number),
  inputPosition: null,
  phase: "phase",
  status: "running",
  note: `step ${number}`,
  emitted: [],
  ...more,
});

/** Titles alone: `a(b c)` is b and c below a. */
const drawn = (nodes: readonly TraceNode[]): string =>
  nodes
    .map(({ title, children }) => (children.length > 0 ? `${title}(${drawn(children)})` : title))
    .join(" ");

test("what a saga emitted hangs below its step, and the step below the event that it answered", () => {
  const tree = causationTree(
    [
      event(1, "order.created"),
      event(2, "payment.hold.requested", { causationId: "e1" }),
      event(3, "other.thing", { causationId: "e1" }),
    ],
    [step(1, { at: at(1), inputPosition: 1, emitted: ["payment.hold.requested"] })],
  );
  expect(drawn(tree)).toBe("order.created(buy-plan(payment.hold.requested) other.thing)");
});

test("what a saga does at a deadline hangs below its step before", () => {
  const tree = causationTree(
    [event(1, "order.created"), event(9, "order.cancelled")],
    [
      step(1, { at: at(1), inputPosition: 1 }),
      step(2, { at: at(8), emitted: ["order.cancelled"], status: "compensated" }),
    ],
  );
  expect(drawn(tree)).toBe("order.created(buy-plan(buy-plan(order.cancelled)))");
});

test("a command's outcome hangs below the command, which tells how it ended and how long it took", () => {
  const host = "host:h:e";
  const asked = { data: { commandId: "x" } };
  const tree = causationTree(
    [
      event(1, "app.install.requested", asked),
      event(2, "app.stop.requested", { data: { commandId: "y" } }),
      event(101, "app.install.failed", {
        causationId: "x",
        stream: host,
        data: { commandId: "x", code: "disk_full" },
      }),
    ],
    [],
  );
  expect(drawn(tree)).toBe(
    "app.install.requested(app.install(app.install.failed)) app.stop.requested(app.stop)",
  );
  expect(tree.map(({ children }) => children[0]?.says)).toEqual([
    "failed (disk_full) after 1.000 s",
    "no answer",
  ]);
});

test("a host's fact about a device hangs below the wish it was told last", () => {
  const wish = { subject: "d", data: { deviceId: "d" } };
  const fact = { stream: "host:h:e", subject: "d", data: { deviceId: "d" } };
  const tree = causationTree(
    [
      event(1, "device.desired.changed", wish),
      event(2, "device.started", fact),
      event(3, "device.desired.changed", wish),
      event(4, "device.stopped", fact),
    ],
    [],
  );
  expect(drawn(tree)).toBe(
    "device.desired.changed(device.started) device.desired.changed(device.stopped)",
  );
});

test("events that name themselves, each other or a later one as their cause are all there, once", () => {
  const tree = causationTree(
    [
      event(1, "a.a", { causationId: "e1" }),
      event(2, "b.b", { causationId: "e3" }),
      event(3, "c.c", { causationId: "e2" }),
      event(4, "d.d", { causationId: "nowhere" }),
    ],
    [],
  );
  expect(drawn(tree)).toBe("a.a b.b(c.c) d.d");
});
