import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";

/** Listens on loopback alone; `port` 0 takes a free one. */
export async function listenLocally(
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; stop(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((cause: unknown) => {
    throw new Fault("conflict", `Port ${port} of this machine is taken; choose another.`, {
      cause,
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Bytes both ways until either ends; then both are gone. */
export function joinBoth(one: Duplex, other: Duplex): void {
  pipeline(one, other, one, () => {
    one.destroy();
    other.destroy();
  });
}

/** "8080:9090", "8080:tcp:9090", "9222:localabstract:chrome_devtools_remote"; a local port of 0 takes a free one. Pure. */
export function parseForward(text: string): { localPort: number; service: string } {
  const [, local = "", remote = ""] = /^(?:tcp:)?(\d{1,5}):(.+)$/.exec(text) ?? [];
  const localPort = Number(local);
  if (local === "" || localPort > 65_535)
    throw new Fault(
      "bad_input",
      `${text} is no forward; write LOCALPORT:REMOTEPORT or LOCALPORT:localabstract:NAME.`,
    );
  return { localPort, service: /^\d+$/.test(remote) ? `tcp:${remote}` : remote };
}
