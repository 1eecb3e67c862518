import type { DeviceSpec } from "../device.ts";

/** The phone that stored samples and tests speak of. Never changed: samples must stay as they were stored. */
export const samplePhone: DeviceSpec = {
  provider: "simulated",
  image: "sim-13",
  width: 360,
  height: 640,
  dpi: 160,
  memoryMiB: 512,
  cpus: 1,
  properties: {},
};
