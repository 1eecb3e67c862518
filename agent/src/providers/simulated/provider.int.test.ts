import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { type ProviderHarness, providerContract } from "../provider.contract.ts";
import { SimFarm } from "./farm.ts";
import { createSimulatedProvider } from "./provider.ts";
import { realAdbMissing, startRealAdb } from "./real-adb.ts";

const spec: DeviceSpec = {
  ...samplePhone,
  image: "sim:13",
  dpi: 240,
  properties: { "sim.bootDelayMs": "20" },
};

const harnessOf = (farm: SimFarm, end: () => Promise<void>): ProviderHarness => ({
  spec,
  open: () => Promise.resolve(createSimulatedProvider(farm)),
  removeOutside: async (handle) => {
    farm.destroy(String(handle.deviceId));
    await Promise.resolve();
  },
  identity: async (device) => {
    const serial = await device.shell(["getprop", "ro.serialno"], { timeoutMs: 5000 });
    return serial.output.trim();
  },
  [Symbol.asyncDispose]: async () => {
    farm.stop();
    await end();
  },
});

providerContract(
  "simulated phones behind their own adb server",
  async () => {
    const farm = new SimFarm({ frontEnd: "server", capacity: 50, dir: null });
    await farm.start();
    return harnessOf(farm, () => Promise.resolve());
  },
  { snapshots: true },
);

const missing = realAdbMissing();
providerContract(
  `simulated phones behind a real adb server${missing ? `: ${missing}` : ""}`,
  async () => {
    const real = await startRealAdb();
    const adbServer = { host: "127.0.0.1", port: real.port, bin: null };
    const farm = new SimFarm({ frontEnd: "transport", capacity: 50, dir: null, adbServer });
    await farm.start();
    return harnessOf(farm, async () => real[Symbol.asyncDispose]());
  },
  { skip: missing !== null, snapshots: true },
);
