import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { pino } from "pino";
import { type ProviderHarness, providerContract } from "../provider.contract.ts";
import { realAdbMissing } from "../simulated/real-adb.ts";
import { type Rack, openRack } from "./rack.ts";

const spec: DeviceSpec = { ...samplePhone, provider: "usb", image: "any", properties: {} };
const missing = realAdbMissing();

async function harness(): Promise<ProviderHarness> {
  const rack: Rack = await openRack({ phones: 3 });
  const dir = await mkdtemp(path.join(tmpdir(), "usb-contract-"));
  const opened: AsyncDisposable[] = [];
  return {
    spec,
    open: async () => {
      const { provider, close } = rack.provider(
        dir,
        pino({ level: process.env.USB_LOG ?? "silent" }),
      );
      opened.push({ [Symbol.asyncDispose]: close });
      return await Promise.resolve(provider);
    },
    // What stands for a real phone that is taken away for good: nobody knows of its claim any more.
    removeOutside: async ({ deviceId }) => {
      rmSync(path.join(dir, "usb", `${String(deviceId)}.json`));
      await Promise.resolve();
    },
    identity: async (device) => {
      const id = await device.shell(["settings", "get", "secure", "android_id"], {
        timeoutMs: 5000,
      });
      return id.output.trim();
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one[Symbol.asyncDispose]();
      await rack[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

providerContract(`phones reached by adb${missing ? `: ${missing}` : ""}`, harness, {
  skip: missing !== null,
});
