import type { Adb, AdbServer } from "./adb.ts";
import { connect } from "./connect.ts";
import { openDevice } from "./device.ts";
import { openDoor, type ServerDoor } from "./server.ts";

const connectMs = 5000;

/** Opens devices through whatever adb server each target names; one door per server. */
export function createAdb(): Adb {
  const doors = new Map<string, ServerDoor>();
  const doorOf = (server: AdbServer): ServerDoor => {
    const key = `${server.host}:${server.port}`;
    const door = doors.get(key) ?? openDoor(server);
    doors.set(key, door);
    return door;
  };
  return {
    open: async (target) => {
      const door = doorOf(target.server);
      if (target.connect) await connect(door, target.connect, { timeoutMs: connectMs });
      return openDevice(door, target.serial);
    },
    close: async () => {
      doors.clear();
      await Promise.resolve();
    },
  };
}
