import { expect, test } from "vitest";
import { purchaseSteps, type StepEvent } from "./steps.ts";

const event = (type: string, data: StepEvent["data"] = {}): StepEvent => ({
  type,
  recordedAt: "2026-11-25T08:00:00.000Z",
  data,
});
const states = (...events: StepEvent[]): string[] =>
  purchaseSteps(events).map(({ state }) => state);

test("before anything is known every step waits", () => {
  expect(states()).toEqual(["waiting", "waiting", "waiting", "waiting", "waiting"]);
});

test("the first step that is not done is the one that goes on", () => {
  expect(states(event("order.created"))).toEqual([
    "done",
    "going",
    "waiting",
    "waiting",
    "waiting",
  ]);
  const two = [event("order.created"), event("payment.held"), event("payment.held")];
  expect(states(...two)).toEqual(["done", "done", "going", "waiting", "waiting"]);
});

test("a cancelled order failed where it stood, and says why", () => {
  const reason = "No phone was free.";
  const events = [
    event("order.created"),
    event("payment.held"),
    event("order.cancelled", { reason }),
  ];
  expect(states(...events)).toEqual(["done", "done", "failed", "waiting", "waiting"]);
  expect(purchaseSteps(events)[2]).toMatchObject({ name: "allocated", reason });
});

test("a paid order has done every step, whatever was seen of them", () => {
  expect(states(event("order.created"), event("order.paid"))).toEqual(Array(5).fill("done"));
});
