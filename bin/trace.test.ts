import { expect, test } from "vitest";
import { type TraceNode, traceLines } from "./trace.ts";

const node = (more: Partial<TraceNode>): TraceNode => ({
  kind: "event",
  title: "order.created",
  at: "2026-11-25T10:00:00.000Z",
  says: "billing",
  position: 1,
  children: [],
  ...more,
});

test("a trace is drawn as a tree, with the time since its beginning before each line", () => {
  const step = node({
    kind: "step",
    title: "buy-plan",
    at: "2026-11-25T10:00:00.050Z",
    says: "hold asked for (awaiting payment)",
    position: null,
    children: [node({ title: "payment.hold.requested", position: 2 })],
  });
  const later = node({
    kind: "command",
    title: "app.install",
    at: "2026-11-25T10:01:00.000Z",
    says: "no answer\u001b[2J",
    position: null,
  });
  expect(traceLines("2026-11-25T10:00:00.000Z", [node({ children: [step, later] })])).toEqual([
    "    0.000 s  order.created  #1, billing",
    "    0.050 s  ├─ saga buy-plan: hold asked for (awaiting payment)",
    "    0.000 s  │  └─ payment.hold.requested  #2, billing",
    "   60.000 s  └─ command app.install: no answer?[2J",
  ]);
});
