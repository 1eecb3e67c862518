import path from "node:path";
import type { Logger } from "pino";
import type { Adb } from "../../adb/adb.ts";
import type { Provider } from "../provider.ts";
import { Claims } from "./claims.ts";
import type { UsbConfig } from "./config.ts";
import { UsbPhones } from "./phones.ts";
import { UsbProvider } from "./provider.ts";

/** Whether the operator put any phone up for rent. */
export const hasUsb = ({ phones, targets }: UsbConfig): boolean =>
  phones.length + targets.length > 0;

export function openUsb(
  config: UsbConfig,
  { adb, dataDir, logger }: { adb: Adb; dataDir: string; logger: Logger },
): Provider {
  const server = { host: "127.0.0.1", port: config.adbPort, bin: "adb" };
  const phones = new UsbPhones({ adb, server, config, logger });
  return new UsbProvider({ phones, claims: new Claims(path.join(dataDir, "usb")), logger });
}
