import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { Fault, faultCodes, toFault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";

/** A WebSocket endpoint besides tRPC's. */
export interface SocketRoute {
  readonly path: string;
  /** The subprotocol it speaks, offered first; what else was offered is the route's to read (a ticket). */
  readonly protocol: string;
  readonly maxMessageBytes: number;
  /** Decides before the handshake, from what was offered after the protocol; a Fault becomes the HTTP answer. Returns what takes the socket, and the bytes below it, over. */
  admit(offered: readonly string[]): Promise<(socket: WebSocket, wire: Duplex) => void>;
}

/** Answers upgrades: the route with that path, else `fallback`. Nothing may be sent before the handshake, so nothing is read either. */
export function serveSockets(
  server: Server,
  options: {
    readonly routes: readonly SocketRoute[];
    readonly logger: Logger;
    readonly fallback: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  },
): { stop(): void } {
  const served = options.routes.map((route) => ({
    route,
    wss: new WebSocketServer({
      noServer: true,
      maxPayload: route.maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: () => route.protocol,
    }),
  }));
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    const path = URL.parse(request.url ?? "", "http://hub")?.pathname;
    const found = served.find(({ route }) => route.path === path);
    if (!found) return options.fallback(request, socket, head);
    const { route, wss } = found;
    const [first, ...offered] = (request.headers["sec-websocket-protocol"] ?? "")
      .split(",")
      .map((text) => text.trim());
    const admitted =
      first === route.protocol
        ? route.admit(offered)
        : Promise.reject(new Fault("bad_input", `Offer the subprotocol ${route.protocol} first.`));
    admitted.then(
      (take) => wss.handleUpgrade(request, socket, head, (client) => take(client, socket)),
      (error: unknown) => refuse(socket, error, options.logger),
    );
  });
  return {
    stop() {
      for (const { wss } of served) {
        for (const client of wss.clients) client.terminate();
        wss.close();
      }
    },
  };
}

function refuse(socket: Duplex, error: unknown, logger: Logger): void {
  const fault = toFault(error);
  if (fault.code === "internal") logger.error({ err: error }, "a WebSocket was not opened");
  const body = JSON.stringify({ error: { code: fault.code, message: fault.message } });
  const { http } = faultCodes[fault.code];
  socket.end(
    `HTTP/1.1 ${http} Refused\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
