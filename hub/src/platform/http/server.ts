import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AnyRouter } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { ownerSeenBy } from "../auth/permissions.ts";
import { listen } from "../listen.ts";
import { asTenant } from "../postgres/tenant.ts";
import {
  anonymous,
  type ContextOptions,
  contextOf,
  countCalls,
  countedContextOf,
} from "./request-context.ts";
import { maxBatch } from "./limits.ts";
import { refuseCall, refuseRequest, sendRefusal, takeBody } from "./refusals.ts";
import { type HttpRoute, matchPath, sendFault, sendJson } from "./route.ts";
import type { SocketRoute } from "./sockets.ts";
import { serveSubscriptions } from "./subscriptions.ts";
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

/** The hub's HTTP edge: tRPC over HTTP and WebSocket under /trpc, the contexts' plain routes, and the web page. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const trpc = createHTTPHandler({
    router: options.router,
    basePath: "/trpc/",
    maxBatchSize: maxBatch,
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
  server.on("clientError", refuseRequest);
  const sockets = serveSubscriptions(server, options);
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
    const refusal = refuseCall(request, url) ?? (await takeBody(request));
    if (refusal) return sendRefusal(response, refusal);
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
      const owner = context.caller ? ownerSeenBy(context.caller) : null;
      const exchange = { request, response, url, params, context };
      await asTenant(owner, () => route.handle(exchange));
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
