import { expect, it } from "vitest";
import { covers, listenerName, listenerOf, maySubscribe } from "./listeners.ts";

const id = "018f3c5a-0000-7000-8000-000000000001";

it("signs in under its own name alone, so that it takes over nobody's connection", () => {
  const name = listenerName(id);
  expect(listenerOf(name, name)).toBe(id);
  expect(listenerOf(name, `${name}/second`)).toBe(id);
  for (const clientId of ["", id, `${name}2`, listenerName("other")])
    expect(listenerOf(name, clientId), clientId).toBeNull();
  expect(listenerOf(id, id), "a host").toBeNull();
});

it("has a right to a type, to all that begin alike, or to all", () => {
  expect(covers(["order.paid"], "order.paid")).toBe(true);
  expect(covers(["order.paid"], "order.paid.twice")).toBe(false);
  expect(covers(["order.*", "host.lost"], "order.cancelled")).toBe(true);
  expect(covers(["order.*"], "orders.cancelled")).toBe(false);
  expect(covers(["*"], "anything.at.all")).toBe(true);
  expect(covers([], "order.paid")).toBe(false);
});

it("subscribes to events and to nothing that is said to hosts or by them", () => {
  for (const topic of [
    "cloudphone/v1/events/+",
    "cloudphone/v1/events/#",
    "cloudphone/v1/events/order.paid",
  ])
    expect(maySubscribe(["order.*"], topic), topic).toBe(true);
  for (const topic of [
    "#",
    "+/#",
    "cloudphone/#",
    "cloudphone/v1/+/+",
    "cloudphone/v1/events/host.lost",
    `cloudphone/v1/hosts/${id}/commands`,
    "$SYS/#",
  ])
    expect(maySubscribe(["order.*"], topic), topic).toBe(false);
});
