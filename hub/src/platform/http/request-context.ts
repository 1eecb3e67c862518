import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault, faultCodes } from "@cloudphone/shared/fault";
import type { Source } from "@cloudphone/shared/ids";
import { TRPCError } from "@trpc/server";
import type { Logger } from "pino";
import { countedAs, type RateLimiter, rateHeaders } from "./rate-limits.ts";
import type { Caller, RequestContext } from "./trpc.ts";

export interface ContextOptions {
  readonly source: Source;
  readonly logger: Logger;
  /** Null: nobody's calls are counted. */
  readonly limiter: RateLimiter | null;
  /** Where acts of people who may do more than customers are written down. */
  readonly audit?: RequestContext["audit"];
  /** Told after each call of a procedure. */
  readonly observe?: RequestContext["observe"];
  /** Who a bearer token belongs to; rejects with `unauthenticated`. */
  authenticate(token: string): Promise<Caller>;
  /** Of callers who were let in before, those who may not go on as they were: what they have open is closed. Absent: nobody's. */
  readonly outdated?: (callers: readonly Caller[]) => Promise<readonly Caller[]>;
}

export function anonymous(request: IncomingMessage, options: ContextOptions): RequestContext {
  return {
    caller: null,
    source: options.source,
    correlationId: options.source.id(),
    address: request.socket.remoteAddress ?? "unknown",
    client: request.headers["user-agent"] ?? null,
    logger: options.logger,
    audit: options.audit,
    observe: options.observe,
  };
}

export async function contextOf(
  request: IncomingMessage,
  options: ContextOptions,
  token = bearerOf(request),
): Promise<RequestContext> {
  const context = anonymous(request, options);
  return token === null ? context : { ...context, caller: await options.authenticate(token) };
}

export function bearerOf(request: IncomingMessage): string | null {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? null;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How many procedures the request calls. */
  readonly calls: number;
}

/** The context of a request for tRPC, its calls counted, a token that is not good under the address it came from. Its Faults come with their own status. */
export async function countedContextOf(
  { request, response, calls }: Call,
  options: ContextOptions,
): Promise<RequestContext> {
  try {
    const context = await contextOf(request, options).catch((error: unknown) => ({ error }));
    const known = "error" in context ? anonymous(request, options) : context;
    await countCalls(known, { response, calls }, options.limiter);
    if ("error" in context) throw context.error;
    return context;
  } catch (error) {
    throw withStatus(error);
  }
}

/** Counts calls; tells the caller how it stands in the response's headers, and throws `rate_limited` once that is too many. */
export async function countCalls(
  { caller, address }: Pick<RequestContext, "caller" | "address">,
  { response, calls }: { readonly response?: ServerResponse; readonly calls: number },
  limiter: RateLimiter | null,
): Promise<void> {
  if (!limiter) return;
  const standing = await limiter.count(countedAs(caller, address), calls);
  const headers = rateHeaders(standing);
  for (const [name, value] of Object.entries(headers)) response?.setHeader(name, value);
  if (standing.allowed) return;
  const most = standing.windows.map((window) => `${window.calls} in ${window.seconds} s`);
  throw new Fault(
    "rate_limited",
    `Too many calls: at most ${most.join(", ")}. Try again in ${headers["retry-after"]} s.`,
  );
}

function withStatus(error: unknown): unknown {
  return error instanceof Fault
    ? new TRPCError({ code: faultCodes[error.code].trpc, message: error.message, cause: error })
    : error;
}
