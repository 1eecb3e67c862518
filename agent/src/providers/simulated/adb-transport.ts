import { AdbTransport } from "../../adb/transport.ts";
import { type LoopbackServer, startLoopback } from "./loopback-server.ts";
import type { SimPhone } from "./phone.ts";

const banner =
  "device::ro.product.name=simphone;ro.product.model=SimPhone;ro.product.device=simphone;features=shell_v2,cmd";

/**
 * The device's side of the adb protocol over TCP, without authentication: what `adb connect 127.0.0.1:PORT` of a real adb reaches. One port
 * per phone, on loopback only.
 */
export const startTransport = (phone: SimPhone, port = 0): Promise<LoopbackServer> =>
  startLoopback(port, async (socket) => {
    const hangUp = (): void => void socket.destroy();
    const { power } = phone;
    if (!power) return hangUp();
    power.addEventListener("abort", hangUp);
    const transport = new AdbTransport(socket, {
      banner: () => banner,
      onOpen: (service) => phone.open(service),
    });
    await transport.run();
    power.removeEventListener("abort", hangUp);
  });
