import type { IncomingMessage, ServerResponse } from "node:http";
import { faultCodes, toFault } from "@cloudphone/shared/fault";
import type { RequestContext } from "./trpc.ts";

/** A plain HTTP route, for what tRPC is no good at: bytes. */
export interface HttpRoute {
  readonly method: "GET" | "POST" | "PUT";
  /** "/blobs/:sha256"; a parameter is one segment. */
  readonly path: string;
  /** Decides by itself who may: no bearer token is looked at, and nobody is signed in. */
  readonly open?: boolean;
  handle(exchange: Exchange): Promise<void>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly context: RequestContext;
}

/** The parameters of a path that fits a route's pattern, or null. Pure. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    if (segment.startsWith(":") && value !== "") params[segment.slice(1)] = value;
    else if (segment !== value) return null;
  }
  return params;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with a Fault's own status and sentence; anything else becomes `internal`, its cause logged. */
export function sendFault(exchange: Pick<Exchange, "response" | "context">, error: unknown): void {
  const { response, context } = exchange;
  const fault = toFault(error);
  if (fault.code === "internal")
    context.logger.error({ err: error, correlationId: context.correlationId }, "a request failed");
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What the client still sends is not read any more.
  response.setHeader("connection", "close");
  sendJson(response, faultCodes[fault.code].http, {
    error: { code: fault.code, message: fault.message },
  });
}
