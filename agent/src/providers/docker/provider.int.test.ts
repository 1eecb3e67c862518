import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { pino } from "pino";
import { providerContract } from "../provider.contract.ts";
import { startRealAdb } from "../simulated/real-adb.ts";
import { dockerConfigSchema } from "./config.ts";
import { containerName } from "./create-options.ts";
import { DockerProvider } from "./provider.ts";
import { dockerMissing, images, TestDockerd } from "./testing/dockerd.ts";

const missing = dockerMissing();
const spec: DeviceSpec = {
  ...samplePhone,
  provider: "docker",
  image: images.good,
  memoryMiB: 128,
};

providerContract(
  `phones in containers${missing ? `: ${missing}` : ""}`,
  async () => {
    const docker = await TestDockerd.start();
    const adb = await startRealAdb();
    const config = dockerConfigSchema.parse({
      host: docker.host,
      images: [images.repository],
      subnet: docker.subnet,
      ...docker.ports,
      adbPort: adb.port,
    });
    const opened: DockerProvider[] = [];
    return {
      spec,
      open: async () => {
        const provider = new DockerProvider({
          config,
          owner: "contract",
          logger: pino({ level: "silent" }),
        });
        provider.open();
        opened.push(provider);
        return await Promise.resolve(provider);
      },
      removeOutside: async (handle) => {
        await docker.docker("rm", "-f", containerName(String(handle.deviceId)));
      },
      identity: async (device) => {
        const call = { timeoutMs: 5000 };
        const serial = await device.shell(["getprop", "ro.serialno"], call);
        const mac = await device.shell(["cat", "/sys/class/net/eth0/address"], call);
        const id = await device.shell(["settings", "get", "secure", "android_id"], call);
        return [serial, mac, id].map(({ output }) => output.trim()).join(" ");
      },
      [Symbol.asyncDispose]: async () => {
        for (const provider of opened) await provider.close();
        await adb[Symbol.asyncDispose]();
        await docker[Symbol.asyncDispose]();
      },
    };
  },
  { skip: missing !== null, snapshots: true },
);
