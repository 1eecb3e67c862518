import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AnyRouter } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer } from "ws";
import { listen } from "../listen.ts";
import {
  anonymous,
  bearerOf,
  type ContextOptions,
  contextOf,
  countCalls,
  countedContextOf,
} from "./request-context.ts";
import { type HttpRoute, matchPath, sendFault, sendJson } from "./route.ts";
import { serveSockets, type SocketRoute } from "./sockets.ts";
import { serveWeb } from "./web.ts";

export interface HttpOptions extends ContextOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly router: AnyRouter;
  readonly routes: readonly HttpRoute[];
  readonly sockets?: readonly SocketRoute[];
  /** Folder of the built web page; without it, or without a build there, / is a plain page. */
  readonly webDir?: string;
}

export interface HttpServer {
  readonly port: number;
  stop(): Promise<void>;
}

const maxBodyBytes = 1024 * 1024;
const maxThrownAwayBytes = 8 * maxBodyBytes;
const lingerMs = 2000;
const maxBatch = 10;

/** The hub's HTTP edge: tRPC over HTTP and WebSocket under /trpc, the contexts' plain routes, and the web page. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const trpc = createHTTPHandler({
    router: options.router,
    basePath: "/trpc/",
    maxBatchSize: maxBatch,
    maxBodySize: maxBodyBytes,
    createContext: ({ req, res, info }) =>
      countedContextOf({ request: req, response: res, calls: info.calls.length }, options),
  });
  const server = createServer((request, response) => {
    answer({ request, response, options, trpc }).catch((error: unknown) => {
      options.logger.error({ err: error }, "a response failed");
      response.destroy();
    });
  });
  server.requestTimeout = 0;
  server.headersTimeout = 15_000;
  server.keepAliveTimeout = 15_000;
  const sockets = webSockets(server, options);
  const { host } = options;
  const port = await listen(server, { host, port: options.port, what: "HTTP", flag: "--port" });
  return {
    port,
    async stop() {
      sockets.stop();
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

interface Answering {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly options: HttpOptions;
  readonly trpc: ReturnType<typeof createHTTPHandler>;
}

async function answer({ request, response, options, trpc }: Answering): Promise<void> {
  const url = URL.parse(request.url ?? "/", "http://hub");
  if (!url) return sendJson(response, 400, notFound("that address"));
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  if (url.pathname === "/healthz") return sendJson(response, 200, { ok: true });
  if (url.pathname.startsWith("/trpc/")) {
    const refusal = refuseTrpc(request);
    if (refusal)
      return sendJson(response, refusal.status, {
        error: { code: "bad_input", message: refusal.message },
      });
    limitBody(request);
    return trpc(request, response);
  }
  for (const route of options.routes) {
    const params = route.method === request.method ? matchPath(route.path, url.pathname) : null;
    if (!params) continue;
    let context = anonymous(request, options);
    try {
      if (!route.open) context = await contextOf(request, options);
      // Who has no account here has signed its address: an agent at its work, which the hub itself sent it to.
      if (context.caller) await countCalls(context, { response, calls: 1 }, options.limiter);
      await route.handle({ request, response, url, params, context });
    } catch (error) {
      sendFault({ response, context }, error);
    }
    return;
  }
  if (await serveWeb(options.webDir, request, response)) return;
  sendJson(response, 404, notFound(url.pathname));
}

const notFound = (what: string) => ({
  error: { code: "not_found", message: `There is nothing at ${what}; see / for where things are.` },
});

/** JSON only: a form post needs no preflight in a browser, so another site's page could send it. */
function refuseTrpc(request: IncomingMessage): { status: number; message: string } | null {
  if (
    request.method === "POST" &&
    !/^application\/json\b/i.test(request.headers["content-type"] ?? "")
  )
    return { status: 415, message: "Send application/json." };
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes)
    return { status: 413, message: "A request may have at most 1 MiB." };
  return null;
}

/**
 * A body that does not declare its length is answered once it is over the cap; what still comes is thrown away, so that the sender hears the answer instead of a
 * broken connection, but not for ever.
 */
function limitBody(request: IncomingMessage): void {
  if (request.headers["content-length"] !== undefined) return;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    const before = bytes;
    bytes += chunk.length;
    if (bytes > maxThrownAwayBytes) request.destroy();
    if (bytes <= maxBodyBytes || before > maxBodyBytes) return;
    const late = setTimeout(() => request.destroy(), lingerMs);
    request.once("close", () => clearTimeout(late));
  });
}

/** Subscriptions: the token travels in the connection's first message, since a browser can't set headers on a WebSocket. */
function webSockets(server: Server, options: HttpOptions): { stop(): void } {
  const wss = new WebSocketServer({ noServer: true, maxPayload: maxBodyBytes });
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
  const handler = applyWSSHandler({
    wss,
    router: options.router,
    keepAlive: { enabled: true, pingMs: 15_000, pongWaitMs: 10_000 },
    createContext: async ({ req, info }) => {
      const token = info.connectionParams?.token;
      const context = await contextOf(req, options, token ?? bearerOf(req));
      // One context serves all calls of the connection, so each is counted when it comes.
      return { ...context, countCall: () => countCalls(context, { calls: 1 }, options.limiter) };
    },
  });
  return {
    stop() {
      routes.stop();
      handler.broadcastReconnectNotification();
      for (const client of wss.clients) client.terminate();
      wss.close();
    },
  };
}
