import { Fault } from "@cloudphone/shared/fault";
import type { Adb, AdbServer, AdbTarget } from "./adb.ts";
import { Connector } from "./connect.ts";
import { openDevice } from "./device.ts";
import { openDoor, PhoneLost, type ServerDoor } from "./server.ts";
import { ServerWatch } from "./watch.ts";

const connectMs = 5000;

interface Server {
  readonly door: ServerDoor;
  readonly connector: Connector;
  watch: ServerWatch | null;
}

/** Opens devices through whatever adb server each target names; one door and one watch per server. */
export function createAdb(): Adb {
  const servers = new Map<string, Server>();
  const serverOf = (server: AdbServer): Server => {
    const key = `${server.host}:${server.port}`;
    const known = servers.get(key);
    if (known) return known;
    const door = openDoor(server);
    const fresh = { door, connector: new Connector(door), watch: null };
    servers.set(key, fresh);
    return fresh;
  };
  return {
    open: async (target) => {
      const { door, connector } = serverOf(target.server);
      if (target.connect) await connector.connect(target.connect, { timeoutMs: connectMs });
      return openDevice(reopening(door, connector, target), target.serial);
    },
    watch: (server) => {
      const known = serverOf(server);
      known.watch ??= new ServerWatch(known.door, known.connector).start();
      return known.watch;
    },
    reconnect: async (target, options) => {
      const { door, connector } = serverOf(target.server);
      const limits = { ...options, what: "adb did not answer" };
      if (!target.connect) return door.tell(`host-serial:${target.serial}:reconnect`, limits);
      await connector.connect(target.connect, { ...options, anew: true });
    },
    disconnect: async ({ server, connect }, { timeoutMs }) => {
      if (connect === null) return;
      const limits = { timeoutMs, what: "adb did not answer" };
      await serverOf(server).door.ask(`host:disconnect:${connect}`, limits).catch(unlessUnknown);
    },
    close: async () => {
      for (const { watch } of servers.values()) watch?.[Symbol.dispose]();
      await Promise.all([...servers.values()].map(({ door }) => door.close()));
      servers.clear();
    },
  };
}

/** "no such device" is the answer for an address that the server does not know. */
function unlessUnknown(error: unknown): void {
  if (!(error instanceof Fault) || !/no such device/.test(error.message)) throw error;
}

/** Makes a call once more when the server had lost the phone: it ended, or the phone restarted. */
function reopening(
  door: ServerDoor,
  connector: Connector,
  { connect: address }: AdbTarget,
): ServerDoor {
  return {
    ...door,
    open: async (serial, service, limits) => {
      const until = performance.now() + limits.timeoutMs;
      try {
        return await door.open(serial, service, limits);
      } catch (error) {
        const leftMs = until - performance.now();
        if (!(error instanceof PhoneLost) || leftMs < 1) throw error;
        if (address) await connector.connect(address, { timeoutMs: Math.min(leftMs, connectMs) });
        return door.open(serial, service, { ...limits, timeoutMs: until - performance.now() });
      }
    },
  };
}
