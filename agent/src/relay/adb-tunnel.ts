import type { AdbDevice } from "../adb/adb.ts";
import { AdbTransport } from "../adb/transport.ts";
import type { RelayLine, ServedLine } from "./dial.ts";
import { ReverseForwards } from "./reverse.ts";
import { judgeService, passedFeatures, type Rights } from "./services.ts";

const serviceMs = 10_000;
const maxStreams = 64;

/** Is, to the client at the other end, the device's own adb daemon. Owns the device's adb handle from now on. */
export function serveAdb({ stream }: RelayLine, device: AdbDevice, rights: Rights): ServedLine {
  const transport: AdbTransport = new AdbTransport(stream, {
    maxStreams,
    windowed: true,
    banner: async () => {
      const features = await device.features({ timeoutMs: serviceMs });
      return `device::features=${passedFeatures(features).join(",")}`;
    },
    onOpen: async (service) => {
      const verdict = judgeService(service, rights);
      if (verdict.kind === "reverse") return reverses.serve(verdict.request);
      if (verdict.kind === "refuse") return null;
      return device.open(service, { timeoutMs: serviceMs });
    },
  });
  const reverses = new ReverseForwards({
    device,
    openAtClient: (service) => transport.open(service),
  });
  const done = transport
    .run()
    .then(() => reverses.close())
    .then(() => device.close())
    .catch(() => undefined);
  return { done, end: () => stream.destroy() };
}
