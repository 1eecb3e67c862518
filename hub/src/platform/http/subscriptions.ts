import type { Server } from "node:http";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { isNestedTooDeep, maxBodyBytes, maxSocketBatch, nestedTooDeep } from "./limits.ts";
import { bearerOf, contextOf, countCalls } from "./request-context.ts";
import type { HttpOptions } from "./server.ts";
import { serveSockets } from "./sockets.ts";
import type { Caller } from "./trpc.ts";

/** How often it is looked whether everybody may go on. */
const standingMs = 1000;
/** Who does not answer a close frame is cut off. */
const closeMs = 1000;
/** RFC 6455 section 7.4: 1008 is a message against the rules, 4000 to 4999 are for applications. */
const brokeRules = 1008;
const notAsBefore = 4401;

/** Closed at a message that is nested too deep, before it is parsed. */
class ShallowSocket extends WebSocket {
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === "message" && isNestedTooDeep(String(args[0] as RawData))) {
      this.close(brokeRules, nestedTooDeep);
      return true;
    }
    return super.emit(event, ...args);
  }
}

/**
 * tRPC over WebSocket, for subscriptions: the token travels in the connection's first message, since a browser can't set headers on one. A connection outlives
 * its token, so it is looked each second whether its caller's sign-in or key still stands and may what it might; else it is closed, and whoever is still
 * somebody comes back as that.
 */
export function serveSubscriptions(server: Server, options: HttpOptions): { stop(): void } {
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: maxBodyBytes,
    WebSocket: ShallowSocket,
  });
  const routes = serveSockets(server, {
    routes: options.sockets ?? [],
    logger: options.logger,
    fallback(request, socket, head) {
      if (URL.parse(request.url ?? "", "http://hub")?.pathname !== "/trpc") {
        socket.destroy();
        return;
      }
      wss.handleUpgrade(request, socket, head, (client) => {
        client.on("error", () => client.terminate());
        wss.emit("connection", client, request);
      });
    },
  });
  const callers = new Map<WebSocket, Caller>();
  const handler = applyWSSHandler({
    wss,
    router: options.router,
    maxBatchSize: maxSocketBatch,
    keepAlive: { enabled: true, pingMs: 15_000, pongWaitMs: 10_000 },
    createContext: async ({ req, res, info }) => {
      const token = info.connectionParams?.token;
      const context = await contextOf(req, options, token ?? bearerOf(req));
      if (context.caller && res.readyState === WebSocket.OPEN) {
        callers.set(res, context.caller);
        res.once("close", () => callers.delete(res));
      }
      // One context serves all calls of the connection, so each is counted when it comes.
      return { ...context, countCall: () => countCalls(context, { calls: 1 }, options.limiter) };
    },
  });
  const watch = watchStanding(callers, options);
  return {
    stop() {
      watch.stop();
      routes.stop();
      handler.broadcastReconnectNotification();
      for (const client of wss.clients) client.terminate();
      wss.close();
    },
  };
}

function watchStanding(
  callers: ReadonlyMap<WebSocket, Caller>,
  { outdated, logger }: HttpOptions,
): { stop(): void } {
  let looking = false;
  const look = async (): Promise<void> => {
    const gone = new Set(await outdated?.([...new Set(callers.values())]));
    for (const [client, caller] of callers) {
      if (!gone.has(caller)) continue;
      client.close(notAsBefore, "The sign-in or key is over, or may do something else now.");
      setTimeout(() => client.terminate(), closeMs).unref();
    }
  };
  const timer = setInterval(() => {
    if (looking || callers.size === 0) return;
    looking = true;
    look()
      // A database that is away for a moment ends nobody's subscription; the next look is in a second.
      .catch((error: unknown) => logger.debug({ err: error }, "standing could not be looked up"))
      .finally(() => {
        looking = false;
      });
  }, standingMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
