import { expect, test } from "vitest";
import { deviceId, startHost, wish } from "./testing.ts";

const types = (host: ReturnType<typeof startHost>): string[] =>
  host.events().map(({ type }) => type);

test("an older wish that arrives late changes nothing", async () => {
  await using host = startHost();
  await host.fleet.take(wish({ revision: 2 }));
  await host.fleet.take(wish({ revision: 1, existence: "absent" }));
  expect(host.store.read((tx) => tx.device(deviceId))?.desired).toMatchObject({
    revision: 2,
    existence: "present",
  });
});

test("a device that was destroyed leaves no supervisor behind, and may be wished for again", async () => {
  await using host = startHost();
  await host.fleet.take(wish());
  await host.until(() => types(host).includes("device.state.changed"));
  await host.fleet.take(wish({ revision: 2, existence: "absent" }));
  await host.until(() => types(host).includes("device.destroyed"));
  await expect.poll(() => host.fleet.find(deviceId)).toBeNull();
  await host.fleet.take(wish({ revision: 3 }));
  await expect.poll(() => host.provider.calls).toEqual(["create", "destroy", "create"]);
  expect(host.fleet.find(deviceId)).not.toBeNull();
});

test("a device that is gone already is said to be destroyed once more", async () => {
  await using host = startHost();
  await host.fleet.take(wish({ existence: "absent" }));
  expect(types(host)).toEqual(["device.destroyed"]);
});

test("a phone that was wiped when its lease ended by the host's own clock is said to be so again once the hub has ended it: before, the hub had no use for it", async () => {
  await using host = startHost();
  const lease = {
    leaseId: "018f3c5a-0000-7000-8000-0000000000e1",
    userId: deviceId,
    orderId: deviceId,
    token: 1,
    remainingMs: 0,
  };
  const wiped = (): number => types(host).filter((type) => type === "device.wiped").length;
  await host.fleet.take(wish({ token: 1, lease }));
  await host.until(() => wiped() === 1);
  await host.fleet.take(wish({ revision: 2, token: 1 }));
  expect(wiped()).toBe(2);
  await host.fleet.take(wish({ revision: 3, token: 1 }));
  expect(wiped(), "once is enough").toBe(2);
});
