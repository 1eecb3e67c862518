import type { Handlers } from "./runner.ts";

export const sessionHandlers: Pick<Handlers, "session.open"> = {
  "session.open": async ({ sessionId, ticket, staff }, { device, token, tunnels, timeoutMs }) => {
    const { deviceId } = device;
    const adb = await device.openAdb();
    try {
      await tunnels.open({ sessionId, deviceId, token, ticket, staff, device: adb, timeoutMs });
    } catch (error) {
      await adb.close();
      throw error;
    }
    return { sessionId };
  },
};
