import { expect, it } from "vitest";
import { heartbeatSchema } from "@cloudphone/shared/link";
import { Batteries } from "./batteries.ts";

const [host, other, device] = ["1", "2", "3"].map(
  (n) => `018f3c5a-0000-7000-8000-00000000000${n}`,
) as [string, string, string];
const battery = { percent: 63, temperatureC: 31.2, charging: true };
const said = (batteries?: object) =>
  heartbeatSchema.parse({
    v: 1,
    epoch: host,
    bootId: "b",
    uptimeMs: 1,
    outboxRows: 0,
    load1: 0,
    freeMemoryMiB: 1,
    running: 1,
    ...(batteries ? { batteries } : {}),
  });

it("is what the phone's own host last said, until it says otherwise or goes", () => {
  const known = new Batteries();
  known.note(host, said({ [device]: battery }));
  known.note(other, said({ [device]: { ...battery, percent: 1 } }));
  expect(known.of(host, device)).toEqual(battery);
  known.forget(host);
  expect(known.of(host, device)).toBeNull();
});

it("is not known of an agent that does not speak of batteries yet", () => {
  const known = new Batteries();
  known.note(host, said({ [device]: battery }));
  known.note(host, said());
  expect(known.of(host, device)).toBeNull();
});
