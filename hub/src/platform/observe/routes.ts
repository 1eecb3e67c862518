import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Fault } from "@cloudphone/shared/fault";
import { type HttpRoute, sendJson } from "../http/route.ts";
import type { Metrics } from "./metrics.ts";
import { type ReadinessDeps, readiness } from "./readiness.ts";

export interface ObserveDeps extends ReadinessDeps {
  readonly metrics: Metrics;
  /** What a scraper sends as bearer token; null: metrics are for this machine alone. */
  readonly metricsToken: string | null;
}

/** `/readyz` for balancers, `/metrics` for Prometheus. */
export function observeRoutes(deps: ObserveDeps): HttpRoute[] {
  return [
    {
      method: "GET",
      path: "/readyz",
      open: true,
      async handle({ response }) {
        const state = await readiness(deps);
        sendJson(response, state.ready ? 200 : 503, state);
      },
    },
    {
      method: "GET",
      path: "/metrics",
      open: true,
      async handle({ request, response }) {
        if (!mayScrape(request, deps.metricsToken)) throw refusal(deps.metricsToken);
        const text = await deps.metrics.text();
        response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
        response.end(text);
      },
    },
  ];
}

function mayScrape(request: IncomingMessage, token: string | null): boolean {
  if (token === null) return isLocal(request);
  const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** From this machine, and not from a proxy on it that speaks for somebody else. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const forwarded = Object.keys(headers).some(
    (name) => name === "forwarded" || name === "via" || name.startsWith("x-forwarded"),
  );
  return !forwarded && /^(::1$|(::ffff:)?127\.)/.test(socket.remoteAddress ?? "");
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const refusal = (token: string | null): Fault =>
  token === null
    ? new Fault(
        "forbidden",
        "Metrics are told to this machine alone; set CLOUDPHONE_METRICS_TOKEN to read them from another.",
      )
    : new Fault("unauthenticated", "Send the hub's CLOUDPHONE_METRICS_TOKEN as bearer token.");
