import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { expect, test } from "vitest";
import { isForged, whyNotBy } from "./authority.ts";

const [here, elsewhere] = [
  "018f3c5a-0000-7000-8000-000000000001",
  "018f3c5a-0000-7000-8000-000000000002",
];
const [own, theirs, unknown] = [
  "018f3c5a-0000-7000-8000-0000000000d1",
  "018f3c5a-0000-7000-8000-0000000000d2",
  "018f3c5a-0000-7000-8000-0000000000d3",
];
const places = new Map([
  [own, here],
  [theirs, elsewhere],
]);
const destroyed = (deviceId: string): EventDraft => ({
  type: "device.destroyed",
  subject: deviceId,
  data: { deviceId },
});
const whyNot = (draft: Pick<EventDraft, "type" | "data">) => whyNotBy(here, draft, places);

test("a host speaks of its own phones, and of those that nobody knows", () => {
  expect(whyNot(destroyed(own))).toBeNull();
  expect(whyNot(destroyed(unknown))).toBeNull();
  expect(whyNot(destroyed(theirs))).toMatch(/another host's phone/);
});

test("a host speaks of itself alone", () => {
  const started = { epoch: own, bootId: "b", agentVersion: "1", providers: [] };
  expect(whyNot({ type: "host.started", data: { hostId: here, ...started } })).toBeNull();
  expect(whyNot({ type: "host.started", data: { hostId: elsewhere, ...started } })).toMatch(
    /another host/,
  );
});

test("what only the hub may say is no host's to say, whenever its type became known", () => {
  const draft: EventDraft = {
    type: "device.release.requested",
    subject: own,
    data: { orderId: own, reason: "x" },
  };
  expect(whyNot(draft)).toMatch(/only the hub/);
  expect(isForged({ stream: `host:${here}:${own}`, type: draft.type })).toBe(true);
  expect(isForged({ stream: "context:billing", type: draft.type })).toBe(false);
  expect(isForged({ stream: `host:${here}:${own}`, type: "device.destroyed" })).toBe(false);
  expect(isForged({ stream: `host:${here}:${own}`, type: "device.folded" })).toBe(false);
});
