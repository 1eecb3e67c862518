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
