import type { Logger } from "pino";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import type { Adb } from "../../adb/adb.ts";
import { createAdb } from "../../adb/open.ts";
import path from "node:path";
import { SimFarm } from "../simulated/farm.ts";
import type { SimPhone } from "../simulated/phone.ts";
import { type RealAdb, startRealAdb } from "../simulated/real-adb.ts";
import { Claims } from "./claims.ts";
import { usbConfigSchema } from "./config.ts";
import { UsbPhones } from "./phones.ts";
import { UsbProvider } from "./provider.ts";

/** Simulated phones behind a real adb server of its own, as a rack of real ones would stand there; for tests. */
export interface Rack extends AsyncDisposable {
  readonly real: RealAdb;
  readonly adb: Adb;
  readonly addresses: readonly string[];
  phone(index: number): SimPhone;
  plugIn(index: number): Promise<void>;
  unplug(index: number): void;
  /** A provider with its claims in this folder, as after a restart of the agent. */
  provider(dataDir: string, logger: Logger): OpenedProvider;
}

export interface OpenedProvider {
  readonly provider: UsbProvider;
  readonly phones: UsbPhones;
  readonly claims: Claims;
  close(): Promise<void>;
}

const pace = { everyMs: 200, againMs: 100, patienceMs: 500, restartMs: 10_000, probeMs: 500 };

export async function openRack(options: {
  phones: number;
  properties?: Record<string, string>;
}): Promise<Rack> {
  const real = await startRealAdb();
  const server = { host: "127.0.0.1", port: real.port, bin: "adb" };
  const capacity = options.phones;
  const farm = new SimFarm({ frontEnd: "transport", capacity, dir: null, adbServer: server });
  await farm.start();
  const ids = Array.from({ length: capacity }, (_, index) => `phone-${index}`);
  const properties = { "sim.bootDelayMs": "20", ...options.properties };
  for (const id of ids) {
    farm.create(id, { ...samplePhone, properties });
    await farm.powerOn(id);
  }
  const addresses = ids.map((id) => farm.target(id)?.serial ?? "");
  const adb = createAdb();
  const idOf = (index: number): string => ids[index] ?? "";
  return {
    real,
    adb,
    addresses,
    phone: (index) => {
      const phone = farm.find(idOf(index));
      if (!phone) throw new Error(`there is no phone ${index}`);
      return phone;
    },
    plugIn: (index) => farm.powerOn(idOf(index)),
    unplug: (index) => farm.powerOff(idOf(index)),
    provider: (dataDir, logger) => {
      const config = usbConfigSchema.parse({ targets: addresses, adbPort: real.port });
      const phones = new UsbPhones({ adb, server, config, logger, pace });
      const claims = new Claims(path.join(dataDir, "usb"));
      const provider = new UsbProvider({ phones, claims, logger, graceMs: 1500 });
      return { provider, phones, claims, close: () => provider.close() };
    },
    async [Symbol.asyncDispose]() {
      await adb.close();
      farm.stop();
      await real[Symbol.asyncDispose]();
    },
  };
}
