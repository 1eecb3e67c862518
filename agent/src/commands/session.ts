import { serveAdb } from "../relay/adb-tunnel.ts";
import { serveGlances } from "../relay/glance.ts";
import type { Handlers } from "./runner.ts";

export const sessionHandlers: Pick<Handlers, "session.open"> = {
  "session.open": async (
    { sessionId, purpose, ticket, staff, screen },
    { device, token, tunnels, screens, timeoutMs, cause },
  ) => {
    const { deviceId } = device;
    const request = { sessionId, deviceId, token, ticket, timeoutMs };
    if (purpose === "screen") {
      // Asked for now, so that a phone that is off is told as the command's outcome.
      const adb = await device.openAdb();
      await adb.close();
      const wish = { sessionId, deviceId, cause, ...screen };
      await tunnels.open({ ...request, serve: (line) => screens.serve(line, wish) });
      return { sessionId };
    }
    const adb = await device.openAdb();
    try {
      await tunnels.open({
        ...request,
        serve: (line) =>
          purpose === "glance" ? serveGlances(line, adb) : serveAdb(line, adb, { staff }),
      });
    } catch (error) {
      await adb.close();
      throw error;
    }
    return { sessionId };
  },
};
