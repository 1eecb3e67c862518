import { once } from "node:events";
import { createServer, type Socket } from "node:net";

export interface LoopbackServer {
  readonly port: number;
  /** Ends every connection as well. */
  stop(): void;
}

/** Listens on loopback alone and serves each connection until it ends or `serve` throws. Port 0: a free one. */
export async function startLoopback(
  port: number,
  serve: (socket: Socket) => Promise<void>,
): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    serve(socket).catch(() => socket.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
