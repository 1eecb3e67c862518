import path from "node:path";
import type { Logger } from "pino";
import type { Adb } from "../adb/adb.ts";
import type { AgentConfig } from "../config.ts";
import type { Provider } from "./provider.ts";
import { SimFarm } from "./simulated/farm.ts";
import { createSimulatedProvider } from "./simulated/provider.ts";
import { hasUsb, openUsb } from "./usb/open.ts";

/** Every kind of device this agent can have. A new provider is a folder here and one line. */
export async function openProviders(
  config: AgentConfig,
  host: { hostId: string; adb: Adb; logger: Logger },
): Promise<Map<string, Provider>> {
  const providers = [
    ...(config.simulated.capacity === 0 ? [] : [await openSimulated(config)]),
    ...(config.docker.host === "off" ? [] : [await openDocker(config, host)]),
    ...(hasUsb(config.usb) ? [openUsb(config.usb, { ...host, dataDir: config.dataDir })] : []),
  ];
  return new Map(providers.map((provider) => [provider.kind, provider]));
}

async function openSimulated({ simulated, dataDir }: AgentConfig): Promise<Provider> {
  const farm = new SimFarm({
    frontEnd: simulated.frontEnd,
    capacity: simulated.capacity,
    dir: path.join(dataDir, "simulated"),
    powerLog: simulated.powerLog,
    adbServer: { host: "127.0.0.1", port: simulated.adbPort, bin: "adb" },
  });
  await farm.start();
  return createSimulatedProvider(farm);
}

async function openDocker(
  { docker }: AgentConfig,
  { hostId, logger }: { hostId: string; logger: Logger },
): Promise<Provider> {
  // Its client is a quarter of what an agent loads.
  const { DockerProvider } = await import("./docker/provider.ts");
  const provider = new DockerProvider({ config: docker, owner: hostId, logger });
  provider.open();
  return provider;
}
